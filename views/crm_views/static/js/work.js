// The work list: J K to move, X to select, Enter to open; what R does with the row in hand when nothing is selected;
// counts that stay true, and a word when the list is another one by now. Nothing here reorders what somebody reads.
(function () {
  "use strict";

  const work = document.querySelector("[data-work]");
  if (!work) return;
  const PAUSE = 20000;
  const rows = Array.from(work.querySelectorAll("[data-row]"));
  const all = work.querySelector("[data-all]");
  const bar = work.querySelector("[data-bulk]");
  const boxes = Array.from(work.querySelectorAll('input[name="c"]'));
  let here = -1;

  function link(row) {
    return row.querySelector("a.subj");
  }

  function box(row) {
    return row.querySelector('input[name="c"]:not([disabled])');
  }

  // The row in hand: marked for the eye, focused for the keyboard and for who listens.
  function go(place) {
    if (place < 0 || place >= rows.length) return;
    if (rows[here]) rows[here].removeAttribute("aria-current");
    here = place;
    rows[here].setAttribute("aria-current", "true");
    link(rows[here]).focus({ preventScroll: true });
    rows[here].scrollIntoView({ block: "nearest" });
  }

  work.addEventListener("focusin", function (event) {
    const row = event.target.closest("[data-row]");
    const place = row ? rows.indexOf(row) : -1;
    if (place < 0 || place === here) return;
    if (rows[here]) rows[here].removeAttribute("aria-current");
    here = place;
    row.setAttribute("aria-current", "true");
  });

  document.addEventListener("desk:key", function (event) {
    const code = event.detail;
    if (code === "KeyJ" || code === "ArrowDown" && here >= 0) go(Math.min(here + 1, rows.length - 1));
    else if (code === "KeyK" || code === "ArrowUp" && here >= 0) go(Math.max(here - 1, 0));
    else if (code === "KeyX" && rows[here] && box(rows[here])) box(rows[here]).click();
    else return;
    event.preventDefault();
  });

  // Selected: how many, and the bar comes where it can be reached.
  function count() {
    const chosen = boxes.filter(function (one) { return one.checked; }).length;
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (!bar) return;
    const told = bar.querySelector("[data-bulk-count]");
    const digits = new Intl.NumberFormat(document.documentElement.lang === "fa" ? "fa-IR" : "en");
    if (!told.dataset.plain) told.dataset.plain = told.textContent;
    told.textContent = chosen ? bar.dataset.words.replace("{}", digits.format(chosen)) : told.dataset.plain;
    told.setAttribute("aria-live", "polite");
    bar.classList.toggle("some", chosen > 0);
  }

  boxes.forEach(function (one) { one.addEventListener("change", count); });
  if (all && boxes.length) {
    all.hidden = false;
    all.addEventListener("change", function () {
      boxes.forEach(function (one) { if (!one.disabled) one.checked = all.checked; });
      count();
    });
  }
  count();
  window.addEventListener("pageshow", count);

  // With nothing selected, the row in hand is meant.
  if (bar) {
    bar.addEventListener("click", function (event) {
      const button = event.target.closest("button[name=do]");
      if (!button || boxes.some(function (one) { return one.checked; })) return;
      const own = rows[here] && box(rows[here]);
      if (own) {
        own.checked = true;
        count();
      }
    });
  }

  // A filter's menu that opens takes the focus to its first choice.
  work.querySelectorAll("details.fmenu").forEach(function (menu) {
    menu.addEventListener("toggle", function () {
      if (!menu.open) return;
      work.querySelectorAll("details.fmenu[open]").forEach(function (other) { if (other !== menu) other.open = false; });
      const first = menu.querySelector("input:checked, input, select");
      if (first) first.focus({ preventScroll: true });
    });
  });

  // News: the counts are put in their places; of a list that changed it is only said.
  let waiting = 0;
  function ask() {
    window.clearTimeout(waiting);
    waiting = 0;
    if (document.hidden || !work.dataset.work) return;
    fetch(work.dataset.work, { credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" } }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }).then(function (news) {
      Object.keys(news.counts).forEach(function (key) {
        const shown = work.querySelector('[data-count="' + CSS.escape(key) + '"]');
        if (shown && shown.textContent !== news.counts[key]) shown.textContent = news.counts[key];
      });
      if (news.list !== work.dataset.digest) work.querySelector("[data-changed]").hidden = false;
      later();
    }).catch(function () {
      // Signed out, or the server is away: the page stays as it is, and asks again when it is looked at.
    });
  }

  function later() {
    if (!waiting) waiting = window.setTimeout(ask, PAUSE);
  }

  document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
  later();
})();
