"use strict";
// Everything works without this script; with it, live parts follow what happens and times are the reader's own.

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.dateTime;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}

function follow(part) {
  const source = new EventSource(part.dataset.live);
  source.onmessage = event => {
    // The server's own markup, escaped by it. Who is reading with the keyboard keeps the place.
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const index = focused ? [...part.querySelectorAll("a, button, [tabindex]")].indexOf(focused) : -1;
    const scrolled = [...part.querySelectorAll(".scroll")].map(box => box.scrollLeft);
    part.innerHTML = event.data;
    localTimes(part);
    part.querySelectorAll(".scroll").forEach((box, i) => { box.scrollLeft = scrolled[i] || 0; });
    if (index >= 0) part.querySelectorAll("a, button, [tabindex]")[index]?.focus({ preventScroll: true });
    part.dataset.seen = "yes";
  };
  source.addEventListener("ended", () => { source.close(); location.reload(); });
}

localTimes(document);
document.querySelectorAll("[data-live]").forEach(follow);

for (const field of document.querySelectorAll("[data-time-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (field.dataset.timeZone && zone && [...field.list?.options ?? []].some(option => option.value === zone)) field.value = zone;
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
    }
  });
}

// A form is sent once, however often its button is pressed; the server makes one thing of it in any case.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => setTimeout(() => form.querySelectorAll("button").forEach(button => { button.disabled = true; }), 0));
}
addEventListener("pageshow", event => {
  if (event.persisted) document.querySelectorAll("button:disabled").forEach(button => { button.disabled = false; });
});
