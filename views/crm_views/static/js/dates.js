// Dates: what was typed is read back by the server's own parser, and a calendar opens beside the field.
// The calendar follows the date picker of the WAI-ARIA Authoring Practices: a dialog with a grid, one day in the tab
// order, arrows by day and week, Home and End in the week, Page Up and Down by month, with Shift by year.
(function () {
  "use strict";

  const DAY = 86400000;
  const fa = document.documentElement.lang === "fa";
  const rtl = document.documentElement.dir === "rtl";
  const figures = new Intl.NumberFormat(fa ? "fa-IR" : "en", { useGrouping: false });
  let open = null; // {box, dialog, words, day, month, opener}: one calendar at a time
  const answers = new WeakMap(); // box → the promise of what the server says of the text that stands in it

  // Days are counted from 1970-01-01; the Jalali year 1349 began on 1970-03-21, day 79.
  // Leap years 1178 to 1633 by the cycle of 33 years; the table of crm_core.text.calendars moves one of them.
  function isLeap(year) { return year === 1503 || (year !== 1502 && (25 * year + 11) % 33 < 8); }
  function firstOf(year) {
    let day = 79;
    for (let one = 1349; one < year; one++) day += isLeap(one) ? 366 : 365;
    for (let one = year; one < 1349; one++) day -= isLeap(one) ? 366 : 365;
    return day;
  }
  const JALALI = {
    length: function (year, month) { return month < 7 ? 31 : month < 12 || isLeap(year) ? 30 : 29; },
    day: function (year, month, number) { return firstOf(year) + (month < 8 ? (month - 1) * 31 : (month - 1) * 30 + 6) + number - 1; },
    parts: function (day) {
      let year = 1348 + Math.ceil((day - 78) / 365.25);
      while (firstOf(year) > day) year--;
      while (firstOf(year + 1) <= day) year++;
      const rest = day - firstOf(year);
      const month = rest < 186 ? Math.floor(rest / 31) + 1 : Math.floor((rest - 6) / 30) + 1;
      return [year, month, day - JALALI.day(year, month, 1) + 1];
    },
    years: [1200, 1599],
  };
  const GREGORIAN = {
    length: function (year, month) { return new Date(Date.UTC(year, month, 0)).getUTCDate(); },
    day: function (year, month, number) { return Date.UTC(year, month - 1, number) / DAY; },
    parts: function (day) {
      const date = new Date(day * DAY);
      return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    },
    years: [1821, 2220],
  };
  const fromIso = function (iso) { return iso ? Date.parse(iso + "T00:00:00Z") / DAY : null; };
  const toIso = function (day) { return new Date(day * DAY).toISOString().slice(0, 10); };
  const weekday = function (day) { return (((day + 4) % 7) + 7) % 7; }; // 0 = Sunday

  function make(name, attributes, text) {
    const element = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // ── reading back ──

  function say(box, answer, complain) {
    const output = box.querySelector("output");
    output.textContent = "";
    output.classList.toggle("doubt", Boolean(answer.error && complain));
    box.dataset.iso = answer.iso || "";
    output.title = fa ? answer.other || "" : "";
    if (answer.words) output.append(make("bdi", {}, answer.words));
    if (answer.words && !fa) output.append(" ", make("bdi", { class: "muted" }, answer.other));
    else if (answer.error && complain) output.textContent = answer.error;
  }

  function read(box, complain) {
    const input = box.querySelector("input");
    const typed = input.value;
    box.dataset.asked = typed;
    answers.delete(box);
    if (!typed.trim() || !box.dataset.read) { say(box, {}, false); return Promise.resolve({}); }
    const query = new URLSearchParams({ text: typed, prefer: box.dataset.prefer });
    const answer = fetch(box.dataset.read + "?" + query, { redirect: "error", headers: { Accept: "application/json" } })
      .then(function (response) { return response.ok ? response.json() : {}; })
      .catch(function () { return {}; }) // no network: the form itself says what is wrong when it is sent
      .then(function (answer) {
        if (input.value === typed) say(box, answer, complain);
        return answer;
      });
    answers.set(box, answer);
    return answer;
  }

  document.addEventListener("input", function (event) {
    const box = event.target.closest && event.target.closest("[data-date]");
    if (!box || !event.target.matches("input")) return;
    clearTimeout(Number(box.dataset.timer));
    box.dataset.timer = String(setTimeout(function () { read(box, false); }, 250));
  });
  document.addEventListener("change", function (event) {
    const box = event.target.closest && event.target.closest("[data-date]");
    if (!box || !event.target.matches("input")) return;
    clearTimeout(Number(box.dataset.timer));
    read(box, true);
  });

  // ── the calendar ──

  function drawMonth() {
    const calendar = open.calendar, words = open.words, chosen = fromIso(open.box.dataset.iso), today = fromIso(open.box.dataset.today);
    const parts = calendar.parts(open.day);
    const start = calendar.day(parts[0], parts[1], 1), length = calendar.length(parts[0], parts[1]);
    const other = calendar === JALALI ? GREGORIAN : JALALI;
    const ends = [other.parts(start), other.parts(start + length - 1)];
    const named = function (one, year) { return words.others[one[1] - 1] + (year ? " " + figures.format(one[0]) : ""); };
    open.heading.textContent = words.months[parts[1] - 1] + " " + figures.format(parts[0]);
    open.beside.textContent = named(ends[0], ends[0][0] !== ends[1][0]) + " – " + named(ends[1], true);
    open.body.textContent = "";
    let day = start - ((weekday(start) - words.first + 7) % 7);
    while (day < start + length) {
      const row = make("tr", { role: "row" });
      for (let place = 0; place < 7; place++, day++) {
        const inside = day >= start && day < start + length;
        const cell = make("td", inside ? { role: "gridcell", "data-day": day, tabindex: day === open.day ? 0 : -1, "aria-selected": String(day === chosen) } : { role: "gridcell" });
        if (inside) {
          const number = calendar.parts(day)[2];
          cell.textContent = figures.format(number);
          cell.setAttribute("aria-label", words.weekdays[place] + " " + figures.format(number) + " " + words.months[parts[1] - 1] + " " + figures.format(parts[0]));
          if (day === today) cell.setAttribute("aria-current", "date");
          if (weekday(day) === 5) cell.className = "rest";
        }
        row.append(cell);
      }
      open.body.append(row);
    }
  }

  function go(day, focus) {
    const years = open.calendar.years;
    const least = open.calendar.day(years[0], 1, 1), most = open.calendar.day(years[1] + 1, 1, 1) - 1;
    open.day = Math.max(least, Math.min(most, day));
    drawMonth();
    if (focus) open.body.querySelector("[tabindex='0']").focus();
  }

  // The same day of another month, or its last one where that is shorter: 31 Shahrivar leads to 30 Mehr.
  function months(by) {
    const parts = open.calendar.parts(open.day);
    const place = parts[0] * 12 + parts[1] - 1 + by;
    const year = Math.floor(place / 12), month = (place % 12) + 1;
    return open.calendar.day(year, month, Math.min(parts[2], open.calendar.length(year, month)));
  }

  function choose(day) {
    const box = open.box, input = box.querySelector("input");
    const parts = open.calendar.parts(day);
    const two = function (number) { return (number < 10 ? figures.format(0) : "") + figures.format(number); };
    input.value = open.calendar === JALALI ? figures.format(parts[0]) + "/" + two(parts[1]) + "/" + two(parts[2]) : toIso(day);
    close(input);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function close(focus) {
    if (!open) return;
    const was = open;
    open = null;
    was.dialog.remove();
    was.button.setAttribute("aria-expanded", "false");
    if (focus) focus.focus();
  }

  function build(box, opener) {
    const words = JSON.parse(box.dataset.calendar), id = box.querySelector("input").id;
    const dialog = make("div", { class: "calendar", role: "dialog", "aria-modal": "true", "aria-label": words.title });
    const head = make("div", { class: "calendar-head" });
    // What comes before stands at the beginning of the line, and its sign points there.
    const icons = box.querySelector("[data-open-calendar] use").getAttribute("href").split("#")[0];
    const step = function (by, label) {
      const button = make("button", { type: "button", class: "btn btn-ghost btn-xs", "data-by": by, "aria-label": label, title: label });
      for (let times = 0; times < (Math.abs(by) === 12 ? 2 : 1); times++) {
        const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
        icon.setAttribute("class", "i");
        icon.setAttribute("aria-hidden", "true");
        use.setAttribute("href", icons + "#chevron-" + (by < 0 === rtl ? "right" : "left"));
        icon.append(use);
        button.append(icon);
      }
      return button;
    };
    const heading = make("b", { id: id + "-month", "aria-live": "polite" }), beside = make("span", { class: "muted" });
    const title = make("div", { class: "calendar-title" });
    title.append(heading, beside);
    head.append(step(-12, words.year[0]), step(-1, words.month[0]), title, step(1, words.month[1]), step(12, words.year[1]));
    const table = make("table", { role: "grid", "aria-labelledby": id + "-month" });
    const names = make("tr", { role: "row" }), top = make("thead"), body = make("tbody");
    words.weekdays.forEach(function (name) {
      names.append(make("th", { scope: "col", abbr: name, "aria-label": name }, name.slice(0, fa ? 1 : 2)));
    });
    top.append(names);
    table.append(top, body);
    const foot = make("div", { class: "calendar-foot" });
    foot.append(make("button", { type: "button", class: "btn btn-ghost btn-xs", "data-today": "" }, words.today), make("button", { type: "button", class: "btn btn-ghost btn-xs", "data-close": "" }, words.close));
    dialog.append(head, table, foot);
    box.append(dialog);
    open = { box: box, dialog: dialog, words: words, heading: heading, beside: beside, body: body, opener: opener, button: box.querySelector("[data-open-calendar]"), calendar: words.calendar === "jalali" ? JALALI : GREGORIAN };
    open.button.setAttribute("aria-expanded", "true");
    go(fromIso(box.dataset.iso) || fromIso(box.dataset.today), true);
    dialog.scrollIntoView({ block: "nearest" });
  }

  function start(box, opener) {
    close(null);
    clearTimeout(Number(box.dataset.timer));
    const asked = box.dataset.asked === undefined ? box.querySelector("input").defaultValue : box.dataset.asked;
    // What was asked a moment ago may not be answered yet: the calendar opens on the day that was typed.
    const answer = box.querySelector("input").value === asked ? answers.get(box) : read(box, true);
    if (!answer) { build(box, opener); return; }
    answer.then(function () { if (!open) build(box, opener); });
  }

  document.addEventListener("click", function (event) {
    const target = event.target;
    const opener = target.closest("[data-open-calendar]");
    if (opener) {
      if (open && open.button === opener) close(opener);
      else start(opener.closest("[data-date]"), opener);
    } else if (open && !open.dialog.contains(target)) {
      close(null);
    } else if (open) {
      const cell = target.closest("[data-day]"), step = target.closest("[data-by]");
      if (cell) choose(Number(cell.dataset.day));
      else if (step) go(months(Number(step.dataset.by)), false);
      else if (target.closest("[data-today]")) choose(fromIso(open.box.dataset.today));
      else if (target.closest("[data-close]")) close(open.opener);
    }
  });

  function keepInside(event) {
    const stops = Array.from(open.dialog.querySelectorAll("button, td[tabindex='0']"));
    const last = stops.length - 1, place = stops.indexOf(document.activeElement);
    if (event.shiftKey ? place === 0 : place === last) {
      event.preventDefault();
      stops[event.shiftKey ? last : 0].focus();
    }
  }

  document.addEventListener("keydown", function (event) {
    const box = event.target.closest && event.target.closest("[data-date]");
    if (!open) {
      if (box && event.altKey && event.code === "ArrowDown" && event.target.matches("input")) {
        event.preventDefault();
        start(box, event.target);
      }
      return;
    }
    if (event.code === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(open.opener);
      return;
    }
    if (!open.dialog.contains(event.target)) return;
    event.stopPropagation(); // a letter pressed in here is no key of the page
    if (event.code === "Tab") { keepInside(event); return; }
    if (!event.target.matches("[data-day]") || event.ctrlKey || event.altKey || event.metaKey) return;
    const day = open.day, place = (weekday(day) - open.words.first + 7) % 7, forward = rtl ? "ArrowLeft" : "ArrowRight";
    const moves = { ArrowUp: day - 7, ArrowDown: day + 7, Home: day - place, End: day + 6 - place, PageUp: months(event.shiftKey ? -12 : -1), PageDown: months(event.shiftKey ? 12 : 1) };
    if (event.code === "ArrowLeft" || event.code === "ArrowRight") moves[event.code] = event.code === forward ? day + 1 : day - 1;
    if (event.code in moves) {
      event.preventDefault();
      go(moves[event.code], true);
    } else if (event.code === "Enter" || event.code === "NumpadEnter" || event.code === "Space") {
      event.preventDefault();
      choose(day);
    }
  }, true);

  document.querySelectorAll("[data-open-calendar]").forEach(function (button) { button.hidden = false; });
  document.querySelectorAll("[data-rows] > template").forEach(function reveal(template) {
    template.content.querySelectorAll("[data-open-calendar]").forEach(function (button) { button.hidden = false; });
    template.content.querySelectorAll("template").forEach(reveal);
  });
})();
