(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const colourOf = (hex) => {
    const value = Number.parseInt(hex.slice(1), 16);
    // As it lies in memory: red first, opaque.
    return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  };
  // As a shell wants it: plain words stay bare.
  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
  const DIM = colourOf("#10141a") & 0x00ffffff | (150 << 24);

  // The pixels of one label picture at a time: a page may hold hundreds.
  let kept = { image: null };
  function pixelsOf(image) {
    if (kept.image === image) return kept;
    const { naturalWidth: w, naturalHeight: h } = image;
    const canvas = new OffscreenCanvas(Math.max(w, 1), Math.max(h, 1));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0);
    kept = { image, w, h, data: new Uint32Array(context.getImageData(0, 0, w, h).data.buffer) };
    return kept;
  }
  function layer(panel, kind, colour) {
    const image = panel.querySelector(".labels");
    const { w, h, data } = pixelsOf(image);
    let canvas = panel.querySelector(`canvas.${kind}`);
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.className = kind;
      panel.querySelector(".stage").append(canvas);
    }
    canvas.width = w;
    canvas.height = h;
    const picture = new ImageData(w, h);
    const to = new Uint32Array(picture.data.buffer);
    for (let i = 0; i < to.length; i++) to[i] = colour(data[i]);
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  // A swatch lights its region up: the bare micrograph there, everything else dimmed.
  function light(panel, swatch) {
    const wanted = colourOf(swatch.dataset.colour);
    layer(panel, "spot", (pixel) => (pixel === wanted ? 0 : DIM));
    panel.classList.add("lit");
  }
  function unlight(panel) {
    panel.classList.remove("lit");
    panel.querySelector("canvas.spot")?.remove();
  }

  // Names that are picked are shown at once, and become the command that stores them.
  function preview(panel) {
    const swatches = all(".swatch", panel);
    const command = panel.querySelector(".command");
    const names = new Map();
    const words = [];
    for (const swatch of swatches) {
      const option = swatch.querySelector("select").selectedOptions[0];
      words.push(option.value ? quoted(`${swatch.dataset.index}=${option.text}`) : `${swatch.dataset.index}=?`);
      if (option.value) names.set(colourOf(swatch.dataset.colour), colourOf(option.value));
      swatch.dataset.picked = option.value && option.text;
      swatch.style.setProperty("--named", option.value || "transparent");
    }
    const given = words.filter((word) => !word.endsWith("=?"));
    command.textContent = `${command.dataset.start} ${(given.length ? given : words).join(" ")}`;
    const copy = panel.querySelector(".copy");
    copy.hidden = !given.length;
    copy.textContent = "copy";
    if (names.size) layer(panel, "preview", (pixel) => names.get(pixel) ?? pixel);
    else panel.querySelector("canvas.preview")?.remove();
    panel.classList.toggle("previewed", names.size > 0);
    // The list that was picked from keeps the focus: what was picked is seen all the same.
    unlight(panel);
    panel.dispatchEvent(new Event("preview", { bubbles: true }));
  }

  for (const panel of all(".candidate")) {
    for (const swatch of all(".swatch", panel)) {
      for (const begin of ["pointerenter", "focusin"]) swatch.addEventListener(begin, () => light(panel, swatch));
      for (const end of ["pointerleave", "focusout"]) swatch.addEventListener(end, () => unlight(panel));
    }
    if (panel.classList.contains("unnamed")) {
      panel.addEventListener("change", (event) => {
        if (event.target.matches(".swatch select")) preview(panel);
      });
      panel.querySelector(".copy").addEventListener("click", async (event) => {
        const text = panel.querySelector(".command");
        try {
          await navigator.clipboard.writeText(text.textContent);
          event.target.textContent = "copied";
        } catch {
          getSelection().selectAllChildren(text);
          event.target.textContent = "selected: press Ctrl+C";
        }
      });
    }
    const viewport = panel.querySelector(".viewport");
    const under = panel.querySelector(".under");
    viewport.addEventListener("pointermove", (event) => {
      const image = panel.querySelector(".labels");
      const box = image.getBoundingClientRect();
      const { w, h, data } = pixelsOf(image);
      const x = Math.floor(((event.clientX - box.left) / box.width) * w);
      const y = Math.floor(((event.clientY - box.top) / box.height) * h);
      const pixel = data[y * w + x];
      const swatch = all(".swatch", panel).find((one) => colourOf(one.dataset.colour) === pixel);
      under.value = swatch ? [swatch.dataset.name, swatch.dataset.picked].filter(Boolean).join(": ") : "";
      for (const one of all(".swatch", panel)) one.classList.toggle("at", one === swatch);
    });
    viewport.addEventListener("pointerleave", () => {
      under.value = "";
      for (const one of all(".swatch.at", panel)) one.classList.remove("at");
    });
  }
})();
