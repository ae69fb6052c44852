(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const rows = all(".row");
  const views = new Map(rows.map((row) => [row, { k: 1, x: 0, y: 0 }]));
  const MAX_ZOOM = 24;

  // Zoom and pan: one view per row, kept as shares of the viewport so that all panels follow.
  function show(row) {
    const view = views.get(row);
    view.k = Math.min(Math.max(view.k, 1), MAX_ZOOM);
    for (const axis of ["x", "y"]) view[axis] = Math.min(Math.max(view[axis], 1 - view.k), 0);
    row.style.setProperty("--k", view.k);
    row.style.setProperty("--x", `${view.x * 100}%`);
    row.style.setProperty("--y", `${view.y * 100}%`);
    row.classList.toggle("near", view.k >= 4);
    row.querySelector(".zoom output").value = `${view.k < 10 ? +view.k.toFixed(1) : Math.round(view.k)}×`;
    scaleBar(row);
    if (outline.checked) scheduleOutlines(row);
  }
  function zoom(row, factor, px = 0.5, py = 0.5) {
    const view = views.get(row);
    const k = Math.min(Math.max(view.k * factor, 1), MAX_ZOOM);
    view.x = px - ((px - view.x) * k) / view.k;
    view.y = py - ((py - view.y) * k) / view.k;
    view.k = k;
    show(row);
  }
  function reset(row) {
    Object.assign(views.get(row), { k: 1, x: 0, y: 0 });
    show(row);
  }
  function scaleBar(row) {
    const bar = row.querySelector(".scale");
    if (!bar) return;
    const seen = bar.dataset.umPerWidth / views.get(row).k;
    const power = 10 ** Math.floor(Math.log10(seen / 4));
    const length = Math.max(...[1, 2, 5].map((s) => s * power).filter((l) => l <= seen / 4));
    bar.querySelector("b").textContent = length >= 1 ? `${+length.toPrecision(3)} µm` : `${+(length * 1000).toPrecision(3)} nm`;
    bar.querySelector("i").style.width = `${(length / seen) * bar.parentElement.clientWidth}px`;
    bar.hidden = false;
  }

  function at(event, viewport) {
    const box = viewport.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }
  for (const row of rows) {
    let drag = null;
    row.addEventListener("wheel", (event) => {
      const viewport = event.target.closest(".viewport");
      // A bare wheel scrolls the page, unless the reader has clicked into a picture.
      if (!viewport || !(event.ctrlKey || event.metaKey || row.contains(document.activeElement) && document.activeElement.matches(".viewport"))) return;
      event.preventDefault();
      zoom(row, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), ...at(event, viewport));
    }, { passive: false });
    row.addEventListener("pointerdown", (event) => {
      const viewport = event.target.closest(".viewport");
      if (!viewport || event.button !== 0) return;
      drag = { viewport, from: at(event, viewport), start: { ...views.get(row) } };
      viewport.setPointerCapture(event.pointerId);
    });
    row.addEventListener("pointermove", (event) => {
      const viewport = event.target.closest(".viewport");
      row.classList.toggle("pointing", Boolean(viewport) && event.pointerType === "mouse");
      if (!viewport) return;
      const [px, py] = at(event, viewport);
      row.style.setProperty("--cx", `${px * 100}%`);
      row.style.setProperty("--cy", `${py * 100}%`);
      if (!drag) return;
      const view = views.get(row);
      view.x = drag.start.x + px - drag.from[0];
      view.y = drag.start.y + py - drag.from[1];
      show(row);
    });
    for (const end of ["pointerup", "pointercancel"]) row.addEventListener(end, () => { drag = null; });
    row.addEventListener("preview", () => { if (outline.checked) scheduleOutlines(row); });
    row.addEventListener("pointerleave", () => row.classList.remove("pointing"));
    row.addEventListener("dblclick", (event) => {
      const viewport = event.target.closest(".viewport");
      if (viewport) zoom(row, 2, ...at(event, viewport));
    });
    row.addEventListener("keydown", (event) => {
      if (!event.target.matches(".viewport") || event.ctrlKey || event.metaKey || event.altKey) return;
      const view = views.get(row);
      const pan = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
      if (event.key === "+" || event.key === "=") zoom(row, 1.5);
      else if (event.key === "-") zoom(row, 1 / 1.5);
      else if (event.key === "0" || event.key === "Escape") reset(row);
      else if (pan && view.k > 1) { view.x += pan[0]; view.y += pan[1]; show(row); }
      else return;
      event.preventDefault();
    });
    row.addEventListener("click", (event) => {
      const action = event.target.dataset.zoom;
      if (action === "reset") reset(row);
      else if (action) zoom(row, action === "in" ? 1.6 : 1 / 1.6);
    });
  }

  // Space, held: the bare micrograph. Not while a control has the focus that Space works on.
  const busy = (target) => target.closest("button, summary, select, input:not([type=range])");
  addEventListener("keydown", (event) => {
    if (event.key !== " " || busy(event.target)) return;
    document.body.classList.add("bare");
    event.preventDefault();
  });
  const cover = () => document.body.classList.remove("bare");
  addEventListener("keyup", (event) => { if (event.key === " ") cover(); });
  addEventListener("blur", cover);

  // Outlines: drawn from the label pictures for the rows in view, given back when they leave.
  const outline = byId("outline");
  const inView = new Set();
  const waiting = new Map();
  function drawOutline(image, k) {
    const { naturalWidth: w, naturalHeight: h } = image;
    if (!w) return;
    const stage = image.parentElement;
    let canvas = stage.querySelector("canvas.edge");
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.className = "edge";
      stage.append(canvas);
    }
    canvas.width = w;
    canvas.height = h;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(stage.querySelector("canvas.preview") ?? image, 0, 0);
    const picture = context.getImageData(0, 0, w, h);
    const from = new Uint32Array(picture.data.buffer.slice(0));
    const to = new Uint32Array(picture.data.buffer);
    // One line on the screen, however small the picture is shown.
    const r = Math.max(1, Math.round(w / image.clientWidth / k));
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
      const i = y * w + x, me = from[i];
      const edge = (x >= r && from[i - r] !== me) || (x + r < w && from[i + r] !== me)
        || (y >= r && from[i - r * w] !== me) || (y + r < h && from[i + r * w] !== me);
      if (!edge) to[i] = 0;
    }
    context.putImageData(picture, 0, 0);
  }
  function scheduleOutlines(row) {
    clearTimeout(waiting.get(row));
    waiting.set(row, setTimeout(() => {
      if (!outline.checked || !inView.has(row)) return;
      for (const image of all(".labels", row)) {
        if (image.offsetParent) image.decode().then(() => drawOutline(image, views.get(row).k), () => {});
      }
    }, 120));
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        inView.add(target);
        scaleBar(target);
        if (outline.checked) scheduleOutlines(target);
      } else {
        inView.delete(target);
        for (const canvas of all("canvas.edge", target)) canvas.remove();
      }
    }
  }, { rootMargin: "300px" });
  rows.forEach((row) => watcher.observe(row));
  outline.addEventListener("change", () => {
    document.body.classList.toggle("outlines", outline.checked);
    if (outline.checked) inView.forEach(scheduleOutlines);
    else all("canvas.edge").forEach((canvas) => canvas.remove());
  });

  // Filters and order.
  const methods = all("input[name=method]");
  const visible = (panel) => !panel.hidden;
  const number = (text, otherwise) => (text === "" ? otherwise : Number(text));
  // A score made with the truth's help is never ranked against one made without it.
  const byScore = (a, b) => a.dataset.rank - b.dataset.rank || number(b.dataset.score, -1) - number(a.dataset.score, -1);
  function best(row) {
    const panel = all(".candidate", row).filter(visible).filter((p) => p.dataset.score).sort(byScore)[0];
    return panel ? { rank: Number(panel.dataset.rank), score: Number(panel.dataset.score) } : { rank: Infinity, score: 0 };
  }
  // Micrographs without a truth come last either way.
  const byBest = (sign) => (a, b) => {
    const [left, right] = [best(a), best(b)];
    return left.rank === right.rank ? sign * (left.score - right.score) : left.rank - right.rank;
  };
  function apply() {
    const wanted = new Set(methods.filter((box) => box.checked).map((box) => box.value));
    const type = byId("type")?.value ?? "";
    const find = byId("find").value.trim().toLowerCase();
    const orders = {
      given: (a, b) => a.dataset.index - b.dataset.index,
      score: byScore,
      seconds: (a, b) => a.dataset.seconds - b.dataset.seconds,
    };
    for (const row of rows) {
      row.hidden = Boolean((type && row.dataset.type !== type) || (find && !row.dataset.name.toLowerCase().includes(find)));
      const panels = all(".candidate", row);
      for (const panel of panels) panel.hidden = !wanted.has(panel.dataset.method);
      row.querySelector(".panels").append(...panels.sort(orders[byId("order").value]));
      if (outline.checked) scheduleOutlines(row);
    }
    const sorts = {
      given: (a, b) => a.dataset.index - b.dataset.index,
      name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, "en", { numeric: true }),
      low: byBest(1),
      high: byBest(-1),
    };
    document.querySelector("main").append(...[...rows].sort(sorts[byId("sort").value]));
    const left = rows.filter(visible).length;
    byId("count").value = left === rows.length ? "" : `${left} of ${rows.length} micrographs shown`;
  }
  const tools = document.querySelector(".tools");
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("input", (event) => {
    if (event.target.id === "opacity") {
      root.style.setProperty("--opacity", event.target.value / 100);
      event.target.nextElementSibling.value = `${event.target.value} %`;
    } else if (event.target.id === "size") {
      root.style.setProperty("--panel", `${event.target.value}px`);
      rows.forEach(scaleBar);
      if (outline.checked) inView.forEach(scheduleOutlines);
    } else if (event.target.id !== "outline") apply();
  });
  addEventListener("resize", () => rows.forEach(scaleBar));
  addEventListener("beforeprint", () => rows.forEach(scaleBar));
})();
