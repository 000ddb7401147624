// Files: each is sent as soon as it is chosen, one after the other, and the form carries its id. One that did not
// arrive can be sent again; nothing chosen is lost in silence. Without this script files come with the form itself.
(function () {
  "use strict";

  const figures = new Intl.NumberFormat(document.documentElement.lang === "fa" ? "fa-IR" : "en", { useGrouping: false });
  const files = new WeakMap(); // row → the file it stands for
  const queue = [];
  let sending = null; // {row, call}
  let waiting = null; // {form, button}: sent while files were still on their way

  function words(drop, key, values) {
    return JSON.parse(drop.dataset.words)[key].replace(/\{(name|part)\}/g, function (_all, name) { return values[name]; });
  }

  function say(drop, text) { drop.querySelector("[data-said]").textContent = text; }
  function token(drop) { return drop.closest("form").elements.csrf_token.value; }
  function failed(form) { return form.querySelector("[data-drop] .file-row[data-failed]"); }
  function busy(form) { return (sending && form.contains(sending.row)) || queue.some(function (row) { return form.contains(row); }); }

  function setState(row, state, text) {
    row.dataset.way = state;
    row.classList.toggle("bad", state === "not");
    row.toggleAttribute("data-failed", state === "not");
    row.querySelector("[data-state]").textContent = text;
    row.querySelector("progress").hidden = state !== "on";
  }

  function refuse(row, reason, again) {
    const drop = row.closest("[data-drop]");
    setState(row, "not", reason);
    row.querySelector("[data-again]").hidden = !again;
    say(drop, reason);
  }

  function newRow(drop, file) {
    const row = drop.querySelector("template[data-file-row]").content.firstElementChild.cloneNode(true);
    row.querySelector("bdi").textContent = file.name;
    row.querySelectorAll("[data-name]").forEach(function (name) { name.textContent = " " + file.name; });
    row.querySelector("[data-again]").hidden = true;
    row.querySelector("progress").setAttribute("aria-label", file.name);
    drop.querySelector("[data-files]").append(row);
    files.set(row, file);
    return row;
  }

  function take(drop, chosen) {
    drop.querySelectorAll("[data-refused]").forEach(function (row) { row.remove(); });
    Array.from(chosen).forEach(function (file) {
      const rows = drop.querySelectorAll("[data-file]:not([data-failed])").length;
      const row = newRow(drop, file);
      if (rows >= Number(drop.dataset.most)) refuse(row, words(drop, "many", {}), false);
      else if (file.size > Number(drop.dataset.largest)) refuse(row, words(drop, "large", { name: file.name }), false);
      else enqueue(row);
    });
  }

  function enqueue(row) {
    setState(row, "on", words(row.closest("[data-drop]"), "waiting", {}));
    row.querySelector("[data-again]").hidden = true;
    queue.push(row);
    next();
  }

  function next() {
    if (sending) return;
    const row = queue.shift();
    if (!row) { finish(); return; }
    if (!row.isConnected) { next(); return; }
    send(row);
  }

  function send(row) {
    const drop = row.closest("[data-drop]"), file = files.get(row), call = new XMLHttpRequest();
    const form = new FormData(), bar = row.querySelector("progress");
    const broken = function () { refuse(row, words(drop, "broken", { name: file.name }), true); };
    const part = function (percent) {
      bar.value = percent;
      setState(row, "on", words(drop, "sending", { part: figures.format(percent) }));
    };
    sending = { row: row, call: call };
    form.append("upload", file, file.name);
    call.open("POST", drop.dataset.sendTo);
    call.setRequestHeader("X-CSRF-Token", token(drop));
    call.setRequestHeader("Accept", "application/json");
    call.upload.addEventListener("progress", function (event) {
      if (event.lengthComputable) part(Math.round((100 * event.loaded) / event.total));
    });
    call.addEventListener("loadend", function () {
      sending = null;
      if (row.isConnected) {
        let answer = {};
        try { answer = JSON.parse(call.responseText); } catch { answer = {}; } // a page instead: the login ended
        if (call.status === 200 && answer.uid) arrived(row, drop, answer);
        else if (answer.error) refuse(row, answer.error, false);
        else broken();
      }
      next();
    });
    part(0);
    call.send(form);
  }

  function arrived(row, drop, answer) {
    const carried = document.createElement("input");
    carried.type = "hidden";
    carried.name = "upload";
    carried.value = answer.uid;
    row.append(carried);
    row.querySelector("bdi").textContent = answer.name;
    setState(row, "here", answer.size);
    row.querySelector("[data-state]").classList.add("muted");
    say(drop, words(drop, "sent", { name: answer.name }));
    // Who keeps drafts learns that the form changed.
    drop.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function takeOut(row) {
    const drop = row.closest("[data-drop]"), carried = row.querySelector("input[name=upload]");
    const beside = row.nextElementSibling || row.previousElementSibling;
    if (sending && sending.row === row) sending.call.abort();
    if (carried) {
      const body = new FormData();
      body.append("drop", carried.value);
      // Told so that it need not wait for the sweep; the form is right even when this is lost.
      fetch(drop.dataset.sendTo, { method: "POST", body: body, headers: { "X-CSRF-Token": token(drop) } }).catch(function () {});
    }
    row.remove();
    drop.dispatchEvent(new Event("input", { bubbles: true }));
    const button = beside && beside.querySelector("[data-take-out]");
    (button || drop.querySelector("input[type=file]")).focus();
  }

  function finish() {
    if (!waiting) return;
    const form = waiting.form, button = waiting.button;
    if (busy(form)) return;
    waiting = null;
    if (failed(form)) stop(form);
    else form.requestSubmit(button || undefined);
  }

  function stop(form) {
    const row = failed(form);
    say(row.closest("[data-drop]"), words(row.closest("[data-drop]"), "left", {}));
    row.querySelector("[data-again]:not([hidden]), [data-take-out]").focus();
  }

  document.addEventListener("change", function (event) {
    const input = event.target;
    const drop = input.matches("input[type=file]") && input.closest("[data-drop][data-send-to]");
    if (!drop || !input.files.length) return;
    take(drop, input.files);
    input.value = ""; // or the form would send them once more
  });

  document.addEventListener("click", function (event) {
    const row = event.target.closest("[data-drop][data-send-to] [data-file]");
    if (!row) return;
    if (event.target.closest("[data-take-out]")) {
      event.preventDefault();
      takeOut(row);
    } else if (event.target.closest("[data-again]")) {
      row.querySelector("[data-take-out]").focus();
      enqueue(row);
    }
  });

  // A form is sent when all its files are here; one that did not arrive is somebody's decision, not ours.
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method === "dialog" || event.defaultPrevented) return;
    if (busy(form)) {
      event.preventDefault();
      waiting = { form: form, button: event.submitter };
      const drop = (sending ? sending.row : queue[0]).closest("[data-drop]");
      say(drop, words(drop, "first", {}));
    } else if (failed(form) && !(event.submitter && event.submitter.name === "__do__")) {
      event.preventDefault();
      stop(form);
    }
  });

  ["dragover", "dragleave", "drop"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      const drop = event.target.closest && event.target.closest("[data-drop][data-send-to]");
      if (!drop || !event.dataTransfer || !event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") take(drop, event.dataTransfer.files);
    });
  });

  // Where nothing takes files before the form: only their names, for a browser's own words are in its own language.
  document.addEventListener("change", function (event) {
    const input = event.target;
    if (!input.matches("input[type=file]") || !input.closest("[data-drop]:not([data-send-to])")) return;
    const list = input.closest("[data-drop]").querySelector("[data-files]");
    list.querySelectorAll("[data-chosen]").forEach(function (old) { old.remove(); });
    Array.from(input.files).forEach(function (file) {
      const row = document.createElement("span"), name = document.createElement("bdi");
      row.className = "file-row";
      row.dataset.chosen = "";
      name.textContent = file.name;
      row.append(name);
      list.append(row);
    });
  });
})();
