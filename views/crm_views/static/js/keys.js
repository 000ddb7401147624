// Keys, by the place of the key (`event.code`): a Persian layout sends other letters.
// What has a key says so with `data-key="C"`. Who switched keys of one letter off (WCAG 2.2, 2.1.4) has
// `data-single-keys="off"` on <html>. Other scripts listen to "desk:key" (detail: the code), never to plain letters.
(function () {
  "use strict";

  const root = document.documentElement;
  const single = root.dataset.singleKeys !== "off";

  function inField(target) {
    return target instanceof Element && target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog") !== null;
  }

  function shown(element) {
    return element.getClientRects().length > 0 && !element.disabled;
  }

  function keyed(letter) {
    return Array.from(document.querySelectorAll('[data-key="' + letter + '"]')).find(shown);
  }

  function find() {
    const box = document.querySelector("[data-omnibox]");
    if (!box) return false;
    box.focus();
    box.select();
    return true;
  }

  function send(from) {
    const form = (from instanceof Element && from.closest("form")) || document.querySelector("form[data-form]");
    const button = form && form.querySelector(".btn-primary[type=submit], [type=submit]");
    if (!button) return false;
    form.requestSubmit(button);
    return true;
  }

  function closeMenu() {
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return false;
    menu.open = false;
    menu.querySelector("summary").focus();
    return true;
  }

  // A form with a page of its own is left by the link that says so; what was typed is kept on the way out.
  function putAside(from) {
    const form = from instanceof Element && from.closest("form");
    const link = form && form.querySelector("a[data-esc]");
    if (!link) return false;
    link.click();
    return true;
  }

  function press(event, plain) {
    const letter = /^Key([A-Z])$/.exec(event.code);
    if (event.code === "Escape") return closeMenu() || putAside(event.target);
    if (event.code === "Enter" || event.code === "NumpadEnter") return (event.ctrlKey || event.metaKey) && send(event.target);
    if (!single || inField(event.target) || event.ctrlKey || event.altKey || event.metaKey) return false;
    if (event.code === "Slash") return event.shiftKey ? showKeys() : find();
    if (!letter || !plain || event.repeat) return false;
    const target = keyed(letter[1]);
    if (target) {
      target.click();
      return true;
    }
    return false;
  }

  document.addEventListener("keydown", function (event) {
    if (event.isComposing || event.defaultPrevented) return;
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (press(event, plain)) {
      event.preventDefault();
    } else if (single && plain && !inField(event.target)) {
      const told = new CustomEvent("desk:key", { detail: event.code, cancelable: true });
      if (!document.dispatchEvent(told)) event.preventDefault();
    }
  });

  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  // The list of keys over the page: those of this page first, read from its own buttons.
  function ownKeys(title) {
    const list = document.createElement("dl");
    document.querySelectorAll("[data-key]").forEach(function (element) {
      if (!shown(element)) return;
      const key = document.createElement("dt");
      const cap = document.createElement("kbd");
      const words = document.createElement("dd");
      const copy = element.cloneNode(true);
      copy.querySelectorAll("kbd, svg").forEach(function (part) { part.remove(); });
      cap.textContent = element.dataset.key;
      words.textContent = element.dataset.keyName || copy.textContent.trim() || element.getAttribute("aria-label") || "";
      if (!words.textContent) return;
      key.append(cap);
      list.append(key, words);
    });
    if (!list.children.length) return null;
    const section = document.createElement("section");
    const head = document.createElement("h2");
    head.textContent = title;
    section.append(head, list);
    return section;
  }

  // What the open page says itself is not said a second time below.
  function leaveOutTwins(dialog, own) {
    const line = function (key) { return key.textContent.trim() + " " + key.nextElementSibling.textContent.trim(); };
    const said = new Set(Array.from(own.querySelectorAll("dt"), line));
    dialog.querySelectorAll(".key-groups section").forEach(function (section) {
      section.querySelectorAll("dt").forEach(function (key) {
        if (!said.has(line(key))) return;
        key.nextElementSibling.remove();
        key.remove();
      });
      if (!section.querySelector("dt")) section.remove();
    });
  }

  function showKeys() {
    const link = document.querySelector("[data-keys]");
    if (!link) return false;
    const open = document.querySelector("dialog.keys");
    if (open) return true;
    const dialog = document.createElement("dialog");
    dialog.className = "keys key-list";
    dialog.setAttribute("aria-labelledby", "keys-title");
    fetch(link.href + "?part=1", { credentials: "same-origin", redirect: "error" }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (text) {
      const head = document.createElement("div");
      const title = document.createElement("h1");
      const close = document.createElement("button");
      head.className = "keys-head";
      title.id = "keys-title";
      title.textContent = link.getAttribute("aria-label");
      close.type = "button";
      close.className = "btn btn-quiet btn-xs";
      close.autofocus = true;
      close.append(link.dataset.close, " ");
      const cap = document.createElement("kbd");
      cap.textContent = "Esc";
      close.append(cap);
      close.addEventListener("click", function () { dialog.close(); });
      head.append(title, close);
      dialog.innerHTML = text;
      dialog.prepend(head);
      const own = ownKeys(link.dataset.here);
      if (own) {
        leaveOutTwins(dialog, own);
        dialog.querySelector(".key-groups").prepend(own);
      }
      dialog.addEventListener("close", function () { dialog.remove(); });
      dialog.addEventListener("click", function (event) { if (event.target === dialog) dialog.close(); });
      document.body.append(dialog);
      dialog.showModal();
    }).catch(function () { location.assign(link.href); });
    return true;
  }

  document.addEventListener("click", function (event) {
    const link = event.target.closest("[data-keys]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && showKeys()) event.preventDefault();
  });
})();
