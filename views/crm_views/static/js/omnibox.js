// The panel of the search: what is meant while it is typed. Without this script the search is a form that leads to a page.
// Typing chooses nothing: Enter opens only what the arrows chose, and otherwise sends the form.
(function () {
  "use strict";

  const PAUSE = 120;
  const COMPOSING = 500;
  const LOOK = 100;
  const SLOW = 1000;
  const input = document.querySelector("[data-omnibox]");
  const panel = document.querySelector("[data-omni-panel]");
  if (!input || !panel || !input.form || !window.fetch || !window.AbortController) return;

  const form = input.form;
  const scrim = document.querySelector("[data-omni-scrim]");
  const said = document.querySelector("[data-omni-said]");
  const address = form.getAttribute("action").replace(/\/$/, "") + "/panel";
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  let timer = 0;
  let slow = 0;
  let asking = null; // the controller of the answer that is awaited
  let awaited = ""; // the words it will be an answer to
  let shown = null; // the words whose answer the panel shows
  let chosen = null;
  let queued = 0; // arrows pressed while an answer is awaited
  let back = null; // where the focus was before
  let looking = null;
  let lookTimer = 0;
  let looks = new Map();

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-haspopup", "listbox");

  function words() {
    return input.value.trim();
  }

  // Groups of digits stand in the order in which they were typed only from left to right.
  function turn() {
    if (/\d|[\u06f0-\u06f9\u0660-\u0669]/.test(input.value) && !/\p{L}/u.test(input.value)) input.dir = "ltr";
    else input.removeAttribute("dir");
  }

  function isOpen() {
    return !panel.hidden;
  }

  function options() {
    return Array.from(panel.querySelectorAll("[role=option]"));
  }

  turn();

  // ── open and close ──

  function open() {
    if (isOpen()) return;
    panel.hidden = false;
    if (scrim) scrim.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function close() {
    window.clearTimeout(timer);
    window.clearTimeout(slow);
    window.clearTimeout(lookTimer);
    timer = queued = 0;
    if (asking) asking.abort();
    if (looking) looking.abort();
    asking = looking = shown = null;
    choose(null);
    panel.hidden = true;
    panel.replaceChildren();
    if (scrim) scrim.hidden = true;
    looks = new Map();
    said.textContent = "";
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-controls");
  }

  function leave() {
    const target = back;
    close();
    if (target && target !== document.body && document.contains(target)) target.focus();
    if (document.activeElement === input) input.blur();
  }

  // ── ask ──

  function soon(pause) {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, pause);
  }

  function isAwaited() {
    return timer !== 0 || asking !== null;
  }

  function ask() {
    const query = words();
    window.clearTimeout(timer);
    timer = 0;
    if (asking && awaited === query) return;
    if (asking) asking.abort();
    asking = null;
    window.clearTimeout(slow);
    if (query === shown && isOpen()) {
      queued = 0;
      return;
    }
    const mine = asking = new AbortController();
    awaited = query;
    slow = window.setTimeout(function () { if (asking === mine) say("wait"); }, SLOW);
    fetch(address + "?q=" + encodeURIComponent(query), {
      signal: mine.signal, redirect: "manual", credentials: "same-origin", headers: { "X-Requested-With": "fetch" },
    }).then(function (answer) {
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return say("ended", mine);
      if (!answer.ok) return say("down", mine);
      return answer.text().then(function (text) {
        if (asking === mine) draw(text, query);
      });
    }).catch(function (error) {
      if (error.name !== "AbortError") say("down", mine);
    });
  }

  function say(which, mine) {
    if (mine && asking !== mine) return;
    window.clearTimeout(slow);
    if (mine) {
      asking = null;
      queued = 0;
    }
    const template = document.querySelector('[data-omni-words="' + which + '"]');
    if (!template) return;
    choose(null);
    shown = null;
    panel.replaceChildren(template.content.cloneNode(true));
    input.removeAttribute("aria-controls");
    said.textContent = panel.textContent.trim();
    open();
  }

  function draw(text, query) {
    window.clearTimeout(slow);
    asking = null;
    const parsed = new DOMParser().parseFromString(text, "text/html");
    const answer = parsed.querySelector(".omni-answer");
    if (!answer) return say("ended");
    choose(null);
    shown = query;
    panel.replaceChildren(document.adoptNode(answer));
    if (panel.querySelector("#omni-hits")) input.setAttribute("aria-controls", "omni-hits");
    else input.removeAttribute("aria-controls");
    said.textContent = answer.dataset.said || "";
    open();
    if (answer.dataset.peek) look(answer.dataset.peek);
    if (query !== words()) return; // the arrows are meant for the answer to what was typed since
    for (; queued > 0; queued -= 1) step(1);
    for (; queued < 0; queued += 1) step(-1);
  }

  // ── choose and look ──

  function choose(option) {
    if (chosen) chosen.setAttribute("aria-selected", "false");
    chosen = option;
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
    if (option.dataset.peek) lookSoon(option.dataset.peek);
  }

  function step(by) {
    const all = options();
    if (!all.length) return;
    const place = all.indexOf(chosen) + by; // before the first one nothing is chosen, as at the beginning
    choose(place === -1 ? null : place === -2 ? all[all.length - 1] : all[place % all.length]);
  }

  function lookSoon(where) {
    window.clearTimeout(lookTimer);
    lookTimer = window.setTimeout(function () { look(where); }, looks.has(where) ? 0 : LOOK);
  }

  function look(where) {
    const box = panel.querySelector("[data-peek-box]");
    if (!box || getComputedStyle(box).display === "none") return;
    if (looking) looking.abort();
    if (looks.has(where)) return fillLook(box, looks.get(where));
    const mine = looking = new AbortController();
    fetch(where, { signal: mine.signal, redirect: "manual", credentials: "same-origin", headers: { "X-Requested-With": "fetch" } })
      .then(function (answer) { return answer.ok ? answer.text() : null; })
      .then(function (text) {
        if (looking !== mine || text === null) return;
        looks.set(where, text);
        fillLook(box, text);
      })
      .catch(function () { /* the hits are there; a look that does not come is none */ });
  }

  function fillLook(box, text) {
    const parsed = new DOMParser().parseFromString(text, "text/html");
    box.replaceChildren.apply(box, Array.from(parsed.body.childNodes).map(function (node) { return document.adoptNode(node); }));
    box.scrollTop = 0;
  }

  function sendToCall() {
    // Nothing is chosen: the server knows whether the words mean one citizen, and then begins the call.
    const wish = document.createElement("input");
    wish.type = "hidden";
    wish.name = "compose";
    wish.value = "phone";
    form.append(wish);
    form.requestSubmit();
    window.setTimeout(function () { wish.remove(); }, 0);
  }

  // ── listen ──

  input.addEventListener("focus", function (event) {
    if (event.relatedTarget && !panel.contains(event.relatedTarget)) back = event.relatedTarget;
    if (!words()) soon(0);
  });

  input.addEventListener("input", function (event) {
    queued = 0;
    turn();
    if (event.isComposing && !coarse) return; // half a word of an input method; keyboards of phones always compose
    if (words() || isOpen() || document.activeElement === input) soon(event.isComposing ? COMPOSING : PAUSE);
  });

  input.addEventListener("compositionend", function () { soon(PAUSE); });

  input.addEventListener("keydown", function (event) {
    if (event.isComposing || event.keyCode === 229) return;
    const enter = event.code === "Enter" || event.code === "NumpadEnter";
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if ((event.code === "ArrowDown" || event.code === "ArrowUp") && plain) {
      const by = event.code === "ArrowDown" ? 1 : -1;
      event.preventDefault();
      if (isAwaited()) queued += by;
      else if (isOpen()) step(by);
      else {
        queued = by;  // the first row is chosen as soon as it is there
        ask();
      }
    } else if (enter && plain && chosen) {
      event.preventDefault();
      chosen.click();
    } else if (enter && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (chosen && chosen.dataset.call) window.location.assign(chosen.dataset.call);
      else if (chosen) chosen.click();
      else sendToCall();
    } else if (event.code === "Escape") {
      event.preventDefault(); // what was typed stays
      leave();
    }
  });

  form.addEventListener("focusout", function (event) {
    if (isOpen() && event.relatedTarget && !panel.contains(event.relatedTarget) && !form.contains(event.relatedTarget)) close();
  });

  panel.addEventListener("keydown", function (event) {
    if (event.code === "Escape") {
      event.preventDefault();
      leave();
    }
  });

  panel.addEventListener("mousemove", function (event) {
    const option = event.target.closest("[data-peek]");
    if (option && option.getAttribute("role") === "option" && option !== chosen) lookSoon(option.dataset.peek);
  });

  document.addEventListener("pointerdown", function (event) {
    if (isOpen() && !panel.contains(event.target) && !form.contains(event.target)) close();
  });

  form.addEventListener("submit", function () {
    window.clearTimeout(timer);
    timer = 0;
  });

  window.addEventListener("pageshow", function (event) { if (event.persisted) close(); });
})();
