// The timeline of a dossier: it goes on while it is read, and what happens meanwhile comes in by itself.
// Without this script the links to older entries lead to pages, and news come with the next reload.
(function () {
  "use strict";

  const timeline = document.querySelector(".a-tl");
  const said = timeline && timeline.querySelector("[data-tl-said]");
  const fresh = timeline && timeline.querySelector("[data-tl-new]");
  if (!said || !fresh) return; // entries of another page
  const digits = new Intl.NumberFormat(document.documentElement.lang === "fa" ? "fa-IR" : "en");
  const EVERY = 8000;
  const SLOWEST = 120000;

  function list() {
    return timeline.querySelector("[data-tl]");
  }

  function words(element, count, one, many) {
    return count === 1 && one ? element.dataset[one] : element.dataset[many].replace("{n}", digits.format(count));
  }

  function tell(text) {
    said.textContent = text;
  }

  function parsed(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  // ── older entries ──────────────────────────────────────────────────────────────────────────────────────

  let loading = false;
  let watched = null;
  const watcher = new IntersectionObserver(function (seen) {
    if (seen.some(function (one) { return one.isIntersecting; })) more(false);
  }, { rootMargin: "0px 0px 900px 0px" });

  // Where boxes stand below the timeline they could never be reached: there the reader asks for more himself, once.
  let runsOn = !document.querySelector(".a-plug") || window.matchMedia("(min-width: 62rem)").matches;

  function watch() {
    if (watched) watcher.unobserve(watched);
    watched = timeline.querySelector("[data-tl-end]");
    if (watched && watched.dataset.tlEnd && runsOn) watcher.observe(watched);
  }

  function more(asked) {
    const end = timeline.querySelector("[data-tl-end]");
    if (loading || !end || !end.dataset.tlEnd) return;
    loading = true;
    end.setAttribute("aria-busy", "true");
    fetch(end.dataset.tlEnd, { credentials: "same-origin", redirect: "error" }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (html) {
      append(parsed(html), end, asked);
      loading = false;
      watch();
    }).catch(function () {
      loading = false;
      end.removeAttribute("aria-busy");
      watcher.disconnect();
      tell(said.dataset.failed);
    });
  }

  function append(part, end, asked) {
    const rows = Array.from(part.querySelectorAll("[data-tl] > li"));
    const headings = list().querySelectorAll("[data-day]");
    const last = headings.length ? headings[headings.length - 1].dataset.day : "";
    if (rows.length && rows[0].dataset.day === last) rows.shift();
    const held = end.contains(document.activeElement);
    list().append.apply(list(), rows);
    const next = part.querySelector("[data-tl-end]");
    if (next) end.replaceWith(next); else end.remove();
    const entries = rows.filter(function (row) { return row.dataset.row; });
    const link = next && next.querySelector("[rel=next]");
    if (held && (asked || !link)) focus(entries[0]);
    else if (held) link.focus({ preventScroll: true });
    tell(link ? words(said, entries.length, "", "more") : said.dataset.end);
  }

  timeline.addEventListener("click", function (event) {
    const link = event.target.closest("[data-tl-end] [rel=next]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    runsOn = true;
    more(true);
  });

  // ── from entry to entry: J and K ───────────────────────────────────────────────────────────────────────

  function focus(row) {
    if (!row) return;
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("desk:key", function (event) {
    if (event.detail !== "KeyJ" && event.detail !== "KeyK") return;
    const rows = Array.from(timeline.querySelectorAll("[data-row]"));
    if (!rows.length) return;
    event.preventDefault();
    const here = rows.indexOf(document.activeElement.closest("[data-row]"));
    focus(rows[event.detail === "KeyJ" ? Math.min(here + 1, rows.length - 1) : Math.max(here - 1, 0)]);
  });

  timeline.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || !event.target.matches("[data-row]") || event.ctrlKey || event.metaKey) return;
    const link = event.target.querySelector("a[href]");
    if (link) link.click();
  });

  // ── news ───────────────────────────────────────────────────────────────────────────────────────────────

  let wait = EVERY;
  let timer = 0;
  let waiting = null;
  let pointed = false;

  timeline.addEventListener("pointerenter", function (event) { pointed = event.pointerType === "mouse"; });
  timeline.addEventListener("pointerleave", function () { pointed = false; });

  function known(row) {
    const rows = list() ? list().querySelectorAll("[data-row]") : [];
    return Array.from(rows).find(function (one) { return one.dataset.row === row; });
  }

  // What is new at the top: rows of the answer before the first one that stands here already.
  function newRows(part) {
    const rows = Array.from(part.querySelectorAll("[data-tl] > li"));
    let found = [];
    let held = [];
    rows.forEach(function (row) {
      if (row.dataset.row && known(row.dataset.row)) {
        found = found.concat(held);
        held = [];
      } else if (row.dataset.row) {
        held.push(row);
      }
    });
    return list() && list().querySelector("[data-row]") ? found : found.concat(held);
  }

  // Strips grow and entries of yesterday are told now: each row of the answer goes where the answer has it.
  function merge(part) {
    const rows = Array.from(part.querySelectorAll("[data-tl] > li"));
    const fresh = newRows(part);
    let here = list();
    if (!here) {
      timeline.querySelectorAll(":scope > .empty").forEach(function (empty) { empty.remove(); });
      here = document.createElement("ol");
      here.className = "tl";
      here.dataset.tl = "";
      timeline.append(here);
    }
    const days = new Set(Array.from(here.querySelectorAll("[data-day]")).map(function (one) { return one.dataset.day; }));
    let behind = null;
    rows.forEach(function (row) {
      const old = row.dataset.row ? known(row.dataset.row) : Array.from(here.querySelectorAll("[data-day]")).find(function (one) { return one.dataset.day === row.dataset.day; });
      if (old) {
        if (row.matches(".redact") && old.textContent !== row.textContent && !old.contains(document.activeElement)) {
          old.replaceWith(row);
          behind = row;
        } else {
          behind = old;
        }
        return;
      }
      const isNew = row.dataset.row ? fresh.includes(row) : !days.has(row.dataset.day) && leads(rows, row, fresh);
      if (!isNew) return;
      if (behind) behind.after(row); else here.prepend(row);
      if (row.dataset.row) row.classList.add("fresh");
      behind = row;
    });
    return fresh.length;
  }

  function leads(rows, day, fresh) {
    const next = rows[rows.indexOf(day) + 1];
    return Boolean(next) && fresh.includes(next);
  }

  function calm() {
    const top = list() || timeline;
    const box = top.getBoundingClientRect();
    const inside = list() && list().contains(document.activeElement);
    return box.top > 0 && box.top < window.innerHeight && !pointed && !inside;
  }

  function replace(place, html) {
    const old = document.querySelector(place);
    if (!old || !html || old.contains(document.activeElement) || old.matches(":hover") || old.querySelector("details[open]")) return;
    if (Array.from(old.querySelectorAll("input[type=search]")).some(function (box) { return box.value !== box.defaultValue; })) return;
    old.replaceChildren(parsed(html));
  }

  function showNews() {
    if (!waiting) return;
    const count = merge(waiting);
    waiting = null;
    fresh.hidden = true;
    if (count) tell(words(said, count, "one", "many"));
  }

  function take(news) {
    timeline.dataset.after = news.after;
    if (!("rows" in news)) return;
    replace("[data-owed]", news.owed);
    replace("[data-filters]", news.filters);
    replace("[data-pulse]", news.pulse);
    waiting = parsed(news.rows);
    if (calm()) return showNews();
    const count = newRows(waiting).length;
    const button = fresh.querySelector("button");
    fresh.hidden = count === 0;
    button.textContent = words(button, Math.max(count, 1), "one", "many");
    if (count) tell(button.textContent);
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  }

  function ask() {
    clearTimeout(timer);
    if (document.hidden) return;
    const query = new URLSearchParams(window.location.search);
    query.delete("before");
    query.set("after", timeline.dataset.after);
    fetch(timeline.dataset.news + "?" + query, { credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" } }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }).then(function (news) {
      wait = EVERY;
      take(news);
      later();
    }).catch(function () {
      // Signed out, gone, or out of reach: ask less and less often.
      wait = Math.min(wait * 2, SLOWEST);
      later();
    });
  }

  fresh.querySelector("button").addEventListener("click", function () {
    showNews();
    const first = list().querySelector(".fresh") || list().querySelector("[data-row]");
    timeline.scrollIntoView({ block: "start" });
    focus(first);
  });

  if (timeline.dataset.news) {
    document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
    // Who has just written something himself need not wait: document.dispatchEvent(new Event("desk:changed")).
    document.addEventListener("desk:changed", ask);
    later();
  }
  watch();
})();
