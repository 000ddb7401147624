// Forms: what makes them smoother and nothing they depend on; each of these works, more slowly, without a script.
// No library, nothing inline, nothing evaluated: runs under `script-src 'self'`.
(function () {
  "use strict";

  // A link to a field goes into it: browsers only scroll there.
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[data-goes]");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "center", behavior: "instant" });
  });

  const NUMBER = "__n__";
  const TIED = ["id", "for", "name", "value", "href", "formaction", "aria-describedby", "aria-labelledby", "aria-controls", "data-reveal", "data-depends-on"];
  const root = document.documentElement;
  root.classList.add("js");

  // Error summary: the eye and the keyboard start there. Its autofocus does it, unless the address names a place.
  // Whoever has gone on already, before everything was loaded, is not called back.
  let gone = false;
  ["keydown", "pointerdown"].forEach(function (kind) {
    document.addEventListener(kind, function (event) { gone = gone || !event.repeat; }, true);
  });
  window.addEventListener("load", function () {
    const summary = document.querySelector(".errsum");
    if (!summary) return;
    requestAnimationFrame(function () {
      requestAnimationFrame(function () {
        if (!gone && !summary.contains(document.activeElement)) summary.focus();
      });
    });
  });

  // A link of the summary goes to its field, not just to its place on the page.
  document.addEventListener("click", function (event) {
    const link = event.target.closest(".errsum a");
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!field) return;
    const folded = field.closest("details:not([open])");
    if (folded) folded.open = true;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    const control = field.matches("fieldset") ? field.querySelector("input:not([type=hidden]), select, textarea") : field;
    (control || field).focus({ preventScroll: true });
  });

  // Rows: a copy of the prototype, its names numbered; the server does the same for a browser without this script.
  function number(fragment, count) {
    fragment.querySelectorAll("*").forEach(function (element) {
      TIED.forEach(function (name) {
        const value = element.getAttribute(name);
        // The first mark is this row's; those of rows inside it stay for their own copies.
        if (value && value.includes(NUMBER)) element.setAttribute(name, value.split(" ").map(function (part) { return part.replace(NUMBER, count); }).join(" "));
      });
      if (element instanceof HTMLTemplateElement) number(element.content, count);
      else if (element.name === "__prototype__") element.remove();
    });
  }

  function renumber(items) {
    const digits = new Intl.NumberFormat(root.lang === "fa" ? "fa-IR" : "en", { useGrouping: false });
    Array.from(items.children).forEach(function (item, place) {
      item.querySelectorAll("[data-number]").forEach(function (shown) {
        if (shown.closest("[data-item]") === item) shown.textContent = digits.format(place + 1);
      });
    });
  }

  function addRow(rows) {
    const items = rows.querySelector(":scope > table > [data-items], :scope > [data-items]");
    const template = rows.querySelector(":scope > template");
    if (!items || !template) return false;
    const count = Number(rows.dataset.count || items.children.length);
    const copy = template.content.cloneNode(true);
    number(copy, String(count));
    items.append(copy);
    rows.dataset.count = String(count + 1);
    renumber(items);
    narrowAll(items.lastElementChild);
    const first = items.lastElementChild.querySelector("input:not([type=hidden]), select, textarea");
    if (first) first.focus();
    full(rows, items);
    return true;
  }

  function full(rows, items) {
    const most = Number(rows.dataset.most);
    const add = rows.querySelector(":scope > [data-add]");
    if (add) add.disabled = most > 0 && items.children.length >= most;
  }

  document.addEventListener("click", function (event) {
    const add = event.target.closest("[data-add]");
    const remove = event.target.closest("[data-remove]");
    if (add && addRow(add.closest("[data-rows]"))) event.preventDefault();
    if (remove) {
      const item = remove.closest("[data-item]");
      const rows = item.closest("[data-rows]");
      const items = item.parentElement;
      event.preventDefault();
      item.remove();
      renumber(items);
      full(rows, items);
      const next = items.querySelector("[data-remove]") || rows.querySelector(":scope > [data-add]");
      if (next) next.focus();
    }
  });

  // Choices that depend on another answer: only the group that belongs to it can be chosen. Without this script all
  // groups are there with their names, and the server says what does not belong.
  function answerOf(element) {
    if (!element) return "";
    const chosen = element.matches("fieldset") ? element.querySelector("input[type=radio]:checked") : element;
    return chosen ? chosen.value : "";
  }

  function narrow(select) {
    const above = document.getElementById(select.dataset.dependsOn);
    const answer = answerOf(above);
    let some = false;
    select.querySelectorAll("optgroup").forEach(function (group) {
      const mine = group.dataset.of === answer;
      some = some || mine;
      group.hidden = group.disabled = !mine;
    });
    const chosen = select.selectedOptions[0];
    const group = chosen && chosen.closest("optgroup");
    if (group && group.disabled) {
      // The same answer may belong to this group too.
      const same = Array.from(select.querySelectorAll("optgroup:not([disabled]) option")).find(function (option) { return option.value === chosen.value; });
      if (same) same.selected = true;
      else select.value = "";
    }
    const blank = select.querySelector(":scope > option");
    if (!blank.dataset.words) blank.dataset.words = blank.textContent;
    blank.textContent = answer ? blank.dataset.words : select.dataset.first;
    const field = select.closest(".field");
    if (field) field.hidden = answer !== "" && !some;
  }

  function narrowAll(root) {
    root.querySelectorAll("select[data-depends-on]").forEach(narrow);
  }

  document.addEventListener("change", function (event) {
    const form = event.target.closest && event.target.closest("form[data-form]");
    if (form && event.target.matches("select, input[type=radio]")) narrowAll(form);
  });
  window.addEventListener("pageshow", function () { narrowAll(document); });

  // Passwords: shown while somebody asks to see them, hidden again before they are sent.
  function reveal(button, shown) {
    const input = document.getElementById(button.dataset.reveal);
    if (!input) return;
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-reveal]");
    if (button) reveal(button, button.getAttribute("aria-pressed") !== "true");
  });

  document.addEventListener("submit", function (event) {
    event.target.querySelectorAll("[data-reveal]").forEach(function (button) { reveal(button, false); });
  });

  document.querySelectorAll("[data-reveal]").forEach(function (button) { button.hidden = false; });
})();
