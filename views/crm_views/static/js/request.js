// The page of a request: forms of its actions open where they belong, fields follow what was chosen, news is told.
// Each of it is a page of its own without this script. Nothing moves under the reader: news waits until it is asked for.
(function () {
  "use strict";

  const SECONDS = 20;
  const page = document.querySelector("[data-request]");

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });

  // Whose unit is chosen: only its people are offered, here and where many are handed over.
  document.addEventListener("change", function (event) {
    const among = event.target.closest("[data-members]");
    if (among && event.target.matches("select[name=unit]")) staff(among, event.target);
  });
  document.querySelectorAll("[data-members]").forEach(function (among) {
    const unit = among.querySelector("select[name=unit]");
    if (unit) staff(among, unit);
  });
  if (!page) return;

  const kept = new Map(); // forms that were left with something in them, by the name of their action
  let opener = null;

  function opened() {
    return document.getElementById("do");
  }

  function mark() {
    const open = opened();
    page.classList.toggle("is-writing", Boolean(open && open.dataset.place === "talk"));
    document.querySelectorAll(".actions [data-opens]").forEach(function (link) {
      if (open && link.dataset.opens === open.dataset.doing) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  function enter(section) {
    const first = section.querySelector(".is-invalid, textarea, select, input:not([type=hidden]):not([type=file])");
    (first || section).focus({ preventScroll: true });
    section.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  function leave(section, keep) {
    if (!section) return;
    if (keep) kept.set(section.dataset.doing, section);
    else kept.delete(section.dataset.doing);
    section.remove();
  }

  function show(section) {
    const slot = page.querySelector('[data-slot="' + section.dataset.place + '"]');
    if (!slot) return false;
    const before = opened();
    const said = before && before.querySelector("[name=body]");
    const body = section.querySelector("[name=body]");
    const words = said && body && !body.value ? said.value : "";
    if (words) {
      said.value = "";
      said.dispatchEvent(new Event("input", { bubbles: true }));
    }
    leave(before, true);
    slot.append(section);
    section.querySelectorAll("[data-open-calendar]").forEach(function (button) { button.hidden = false; });
    follow(section);
    mark();
    section.dispatchEvent(new CustomEvent("desk:added", { bubbles: true }));
    if (words) {
      body.value = words;
      body.dispatchEvent(new Event("input", { bubbles: true }));
    }
    enter(section);
    return true;
  }

  // An action's form is lifted from its own page.
  function open(link) {
    const name = link.dataset.opens;
    const here = opened();
    if (here && here.dataset.doing === name) return enter(here);
    opener = link;
    if (kept.has(name) && show(kept.get(name))) return undefined;
    return fetch(link.href, { credentials: "same-origin", redirect: "error" }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (text) {
      const section = new DOMParser().parseFromString(text, "text/html").getElementById("do");
      if (!section) throw new Error("no form");
      section.querySelectorAll("form").forEach(function (form) { form.dataset.draftPage = new URL(link.href).pathname; });
      if (!show(document.adoptNode(section))) throw new Error("no place for it");
    }).catch(function () { location.assign(link.href); });
  }

  function close(keep) {
    leave(opened(), keep);
    mark();
    if (opener && opener.isConnected) opener.focus();
  }

  document.addEventListener("click", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a[data-opens]");
    const cancel = event.target.closest("#do .form-foot a.btn-ghost");
    if (link) {
      event.preventDefault();
      const menu = link.closest("details.menu");
      if (menu) menu.open = false;
      open(link);
    } else if (cancel) {
      event.preventDefault();
      close(false);
    }
  });

  document.addEventListener("keydown", function (event) {
    if (event.code !== "Escape" || event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.closest("#do")) {
      event.preventDefault();
      close(true);
    }
  });

  // Fields that follow another: the answer is asked for where a status closes, staff are those of the unit.
  function follow(section) {
    const status = section.querySelector("select[name=status]");
    const unit = section.querySelector("select[name=unit]");
    if (status) closing(section, status);
    if (status) checklist(section, status);
    if (unit && section.dataset.members) staff(section, unit);
  }

  function closing(section, status) {
    const ends = (section.dataset.closing || "").split(" ").includes(status.value);
    const why = section.querySelector("[name=reason]");
    if (why) why.closest(".field").hidden = !(section.dataset.waiting || "").split(" ").includes(status.value) && !why.value;
    const given = section.querySelector("[name=given]");
    const enough = Boolean(given && given.checked);
    if (given) given.closest(".field").hidden = !ends;
    ["answer", "channel", "address"].forEach(function (name) {
      const control = section.querySelector('[name="' + name + '"]');
      const field = control && control.closest(".field");
      if (field) field.hidden = (!ends || enough) && !(name === "answer" && control.value);
    });
  }

  // Lines to be confirmed: those of the chosen status only; the others are not asked for.
  function checklist(section, status) {
    const boxes = Array.from(section.querySelectorAll("input[name=checkbox]"));
    boxes.forEach(function (box) {
      box.closest(".form-check").hidden = box.value.slice(0, box.value.lastIndexOf(":")) !== status.value;
    });
    if (boxes.length) boxes[0].closest(".field").hidden = boxes.every(function (box) { return box.closest(".form-check").hidden; });
  }

  function staff(section, unit) {
    const lists = new Map(section.dataset.members.split(";").map(function (row) {
      const parts = row.split(":");
      return [parts[0], parts[1] ? parts[1].split(",") : []];
    }));
    const placed = new Set(Array.from(lists.values()).flat());
    const wanted = lists.get(unit.value);
    const select = section.querySelector("select[name=assignee]");
    if (!select) return;
    Array.from(select.options).forEach(function (option) {
      option.hidden = option.disabled = Boolean(wanted && option.value && placed.has(option.value) && !wanted.includes(option.value));
    });
    if (select.selectedOptions.length && select.selectedOptions[0].disabled) select.value = "";
  }

  document.addEventListener("change", function (event) {
    const section = event.target.closest("#do");
    if (section && event.target.matches("select[name=status], select[name=unit], [name=given]")) follow(section);
  });

  // News: told in one line at the foot of the window; shown when the reader asks for it.
  const strip = document.querySelector("[data-news]");
  let news = null;
  let stopped = !strip;

  function ask() {
    if (stopped || document.visibilityState !== "visible") return;
    fetch(page.dataset.request + "/news?since=" + encodeURIComponent(page.dataset.token), {
      credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" },
    }).then(function (answer) {
      if (answer.status === 403 || answer.status === 404) stopped = true;
      return answer.ok ? answer.json() : null;
    }).then(function (told) {
      if (!told || !told.text) return;
      news = told;
      const line = strip.querySelector("[data-text]");
      if (line.textContent !== told.text) line.textContent = told.text;
      strip.firstElementChild.hidden = false;
    }).catch(function () { /* no network for a moment: the next try tells more */ });
  }

  function tell() {
    const head = document.querySelector("[data-head]");
    const list = page.querySelector("[data-messages]");
    if (!list) return location.reload();
    head.innerHTML = news.head;
    list.insertAdjacentHTML("beforeend", news.messages);
    Array.from(list.children).slice(-1).forEach(function (last) { last.scrollIntoView({ block: "nearest", behavior: "instant" }); });
    page.dataset.token = news.token;
    news = null;
    strip.firstElementChild.hidden = true;
    return undefined;
  }

  if (strip) {
    strip.querySelector("button").addEventListener("click", function () { if (news) tell(); });
    document.addEventListener("visibilitychange", ask);
    setInterval(ask, SECONDS * 1000);
  }

  if (opened()) {
    follow(opened());
    mark();
    // The browser goes to the place of the address first, and takes the focus there.
    if (!document.querySelector(".errsum")) {
      window.addEventListener("load", function () {
        requestAnimationFrame(function () { if (opened()) enter(opened()); });
      });
    }
  }
})();
