// What makes pages smoother and nothing they depend on: each of these works, more slowly, without a script.
// No library, nothing inline, nothing evaluated: runs under `script-src 'self'`.
(function () {
  "use strict";

  const NUMBER = "__n__";
  const TIED = ["id", "for", "name", "value", "href", "formaction", "aria-describedby", "aria-labelledby", "aria-controls", "data-reveal"];
  const root = document.documentElement;
  root.classList.add("js");

  function inField(target) {
    return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
  }

  // Error summary: the eye and the keyboard start there. Its autofocus does it, unless the address names a place.
  window.addEventListener("load", function () {
    const summary = document.querySelector(".errsum");
    if (!summary) return;
    requestAnimationFrame(function () {
      requestAnimationFrame(function () {
        if (!summary.contains(document.activeElement)) summary.focus();
      });
    });
  });

  // A link of the summary goes to its field, not just to its place on the page.
  document.addEventListener("click", function (event) {
    const link = event.target.closest(".errsum a");
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    const control = field.matches("fieldset") ? field.querySelector("input:not([type=hidden]), select, textarea") : field;
    (control || field).focus({ preventScroll: true });
  });

  // Keys, by the place of the key: a Persian layout sends other letters.
  document.addEventListener("keydown", function (event) {
    if (event.isComposing || event.defaultPrevented) return;
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (event.code === "Slash" && plain && !inField(event.target)) {
      const box = document.querySelector("[data-omnibox]");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    } else if ((event.code === "Enter" || event.code === "NumpadEnter") && (event.ctrlKey || event.metaKey)) {
      const form = (event.target instanceof Element && event.target.closest("form")) || document.querySelector("form[data-form]");
      const button = form && form.querySelector(".btn-primary[type=submit], [type=submit]");
      if (button) {
        event.preventDefault();
        form.requestSubmit(button);
      }
    } else if (/^Key[A-Z]$/.test(event.code) && plain && !event.repeat && !inField(event.target)) {
      const link = document.querySelector('a[data-key="' + event.code.slice(3) + '"]');
      if (link) {
        event.preventDefault();
        link.click();
      }
    } else if (event.code === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
  });

  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
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

  // Files: their names beside the button, for the browser's own words are in the browser's language.
  document.addEventListener("change", function (event) {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || input.type !== "file") return;
    const list = input.closest("[data-drop]") && input.closest("[data-drop]").querySelector("[data-files]");
    if (!list) return;
    list.querySelectorAll("[data-chosen]").forEach(function (old) { old.remove(); });
    Array.from(input.files).forEach(function (file) {
      const row = document.createElement("span");
      const name = document.createElement("bdi");
      row.className = "file-row";
      row.dataset.chosen = "";
      name.textContent = file.name;
      row.append(name);
      list.append(row);
    });
  });

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
