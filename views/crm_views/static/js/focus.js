// Where a page begins for the keyboard: the element with `data-focus`, or the field a form names in it. Not on a screen
// that is touched, where a keyboard would cover the page, and never away from what has the focus already.
// Digits press what has `data-digit`, the first nine of a list. What has `data-scrolls` can be scrolled by keyboard too;
// a strip of links to other pages is scrolled to that of this page.
(function () {
  "use strict";

  function begin() {
    const mark = document.querySelector("[data-focus]");
    if (!mark || location.hash || document.querySelector(".errsum, [autofocus]")) return;
    if (document.activeElement && document.activeElement !== document.body) return;
    if (!window.matchMedia("(hover: hover)").matches) return;
    const named = mark.dataset.focus ? document.getElementById(mark.dataset.focus) : mark;
    const place = named && named.matches("fieldset") ? named.querySelector("input:not([type=hidden]), select, textarea") : named;
    if (!place || !place.getClientRects().length) return;
    place.focus({ preventScroll: true });
    const seen = place.getBoundingClientRect();
    if (seen.bottom > window.innerHeight) {
      // So far that the field is seen, but the heading that says which form it is in stays on the screen.
      const head = (place.closest("form") || document).querySelector("h1") || document.querySelector("h1");
      const bar = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
      const room = head ? Math.max(0, head.getBoundingClientRect().top - bar) : Infinity;
      if (seen.top < window.innerHeight && room < Infinity) window.scrollBy(0, Math.min(seen.bottom - window.innerHeight, room));
      else place.scrollIntoView({ block: "center" });
    }
    if (place.matches("input[type=text], textarea")) place.setSelectionRange(place.value.length, place.value.length);
    // The Enter that led here is perhaps still held down: it opens nothing more.
    place.addEventListener("keydown", function (event) {
      if (event.repeat && event.key === "Enter") event.preventDefault();
    });
  }

  document.addEventListener("desk:key", function (event) {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.detail);
    const place = digit && document.querySelector('[data-digit="' + digit[1] + '"]');
    if (!place) return;
    event.preventDefault();
    place.click();
  });

  // A row that is wider than the screen takes the focus, so that the arrows move it; one that fits is no stop of Tab.
  function reach() {
    document.querySelectorAll("[data-scrolls]").forEach(function (row) {
      if (row.scrollWidth > row.clientWidth) row.tabIndex = 0;
      else row.removeAttribute("tabindex");
    });
  }

  // On a narrow screen the views beside a page are a strip: the one that is shown is in sight.
  function show() {
    const strip = document.querySelector(".views");
    const shown = strip && strip.querySelector("[aria-current]");
    if (shown && strip.scrollWidth > strip.clientWidth) shown.scrollIntoView({ block: "nearest", inline: "center" });
  }

  begin();
  reach();
  show();
  window.addEventListener("load", reach);
  window.addEventListener("resize", reach);
})();
