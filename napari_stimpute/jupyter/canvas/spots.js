// Spots on a tissue or a map, by WebGL: one point each, one colour each, one camera for all panes.

const VERTEX = `#version 300 es
in vec2 place;
in vec4 colour;
uniform vec2 middle, scale;
uniform float size;
out vec4 shade;
void main() {
  shade = colour;
  gl_Position = colour.a > 0.0 ? vec4((place - middle) * scale, 0.0, 1.0) : vec4(2.0);
  gl_PointSize = size;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 shade;
uniform float size, outline;
uniform bool square;
out vec4 drawn;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  float radius = (square ? max(abs(off.x), abs(off.y)) : length(off)) * size, edge = 0.5 * size;
  float cover = square || size < 2.0 ? 1.0 : clamp(edge - radius + 0.5, 0.0, 1.0);
  float rim = outline * size < 0.5 ? 0.0 : clamp(radius - edge + outline * size + 0.5, 0.0, 1.0);
  float alpha = shade.a * cover;
  drawn = vec4(mix(shade.rgb, vec3(0.08), rim) * alpha, alpha);
}`;

const IMAGE_VERTEX = `#version 300 es
in vec2 corner;
uniform vec2 middle, scale, origin, extent;
out vec2 at;
void main() {
  at = corner;
  gl_Position = vec4((origin + corner * extent - middle) * scale, 0.0, 1.0);
}`;

const IMAGE_FRAGMENT = `#version 300 es
precision mediump float;
in vec2 at;
uniform sampler2D pixels;
uniform float opacity;
out vec4 drawn;
void main() { drawn = vec4(texture(pixels, at).rgb * opacity, opacity); }`;

const TURN = 1.0015; // zoom per unit of the wheel
const NEAR = 6; // pixels within which a spot is pointed at
const STEP = 2; // pixels between two corners of a line
const BAR = 90; // pixels that a scale bar has at most
const GAP = 4; // pixels between two panes
const ABOVE = 0.1; // share of the height that names of sections need above the first row

function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost())
    throw new Error(gl.getProgramInfoLog(made));
  return new Proxy({ made }, { get: (o, name) => o[name] ?? gl.getUniformLocation(made, name) });
}

function bytes(view) {
  return view ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : new ArrayBuffer(0);
}

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never as HTML: names may hold anything
  return made;
}

// Spots by squares of the plane, so that the one under the mouse is found among few.
class Grid {
  constructor(places, order) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const i of order) {
      left = Math.min(left, places[2 * i]); right = Math.max(right, places[2 * i]);
      top = Math.min(top, places[2 * i + 1]); bottom = Math.max(bottom, places[2 * i + 1]);
    }
    if (!order.length) [left, top, right, bottom] = [0, 0, 0, 0];
    Object.assign(this, { left, top, right, bottom, places });
    const area = Math.max(right - left, 1e-9) * Math.max(bottom - top, 1e-9);
    this.side = Math.max(Math.sqrt(area / Math.max(1, order.length / 2)), 1e-9);
    this.across = Math.min(4096, Math.floor((right - left) / this.side) + 1);
    this.down = Math.min(4096, Math.floor((bottom - top) / this.side) + 1);
    this.first = new Uint32Array(this.across * this.down + 1);
    const square = new Uint32Array(order.length);
    order.forEach((i, k) => this.first[(square[k] = this.square(places[2 * i], places[2 * i + 1])) + 1]++);
    for (let k = 0; k < this.first.length - 1; k++) this.first[k + 1] += this.first[k];
    const next = this.first.slice();
    this.spots = new Uint32Array(order.length);
    order.forEach((i, k) => (this.spots[next[square[k]]++] = i));
  }
  column(x) { return Math.max(0, Math.min(this.across - 1, Math.floor((x - this.left) / this.side))); }
  row(y) { return Math.max(0, Math.min(this.down - 1, Math.floor((y - this.top) / this.side))); }
  square(x, y) { return this.row(y) * this.across + this.column(x); }
  nearest(x, y, reach, isSeen) {
    let best = -1, least = reach * reach;
    for (let row = this.row(y - reach); row <= this.row(y + reach); row++)
      for (let column = this.column(x - reach); column <= this.column(x + reach); column++) {
        const square = row * this.across + column;
        for (let k = this.first[square]; k < this.first[square + 1]; k++) {
          const i = this.spots[k];
          const far = (this.places[2 * i] - x) ** 2 + (this.places[2 * i + 1] - y) ** 2;
          if (far < least && isSeen(i)) [best, least] = [i, far];
        }
      }
    return best;
  }
}

class Canvas {
  constructor(model, el) {
    this.model = model;
    this.root = element("div", "stimpute-spots");
    this.stage = element("div", "stage");
    this.canvas = element("canvas");
    this.canvas.tabIndex = 0;
    this.line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.names = element("div", "names");
    this.nothing = element("div", "nothing");
    this.tip = element("div", "tip");
    this.hint = element("div", "hint", "Click the map first: the wheel then zooms.");
    this.bar = element("div", "scale");
    this.tools = element("div", "tools");
    this.legend = element("div", "legend");
    this.stage.append(this.canvas, this.line, this.names, this.nothing, this.bar, this.hint, this.tip);
    this.column = element("div", "column");
    this.column.append(this.stage, this.tools);
    this.root.append(this.column, this.legend);
    el.append(this.root);
    this.makeTools();
    this.isPicking = false;
    this.outline = [];
    this.held = null;
    this.under = -1;
    this.camera = null;
    this.isMoved = false;
    this.nDrawn = 0;
    this.begin();
    this.listen();
    this.takeAll();
  }

  // ---- what the kernel says ----------------------------------------------------------------

  listen() {
    const on = (names, act) => {
      for (const name of names.split(" ")) this.model.on("change:" + name, act);
      this.stops.push(() => names.split(" ").forEach((name) => this.model.off("change:" + name, act)));
    };
    this.stops = [];
    on("places order", () => this.takePlaces());
    on("colours beside", () => this.takeColours());
    on("images", () => this.takeImages());
    on("diameter outline are_square image_opacity ground ringed microns", () => this.drawSoon());
    on("names titles nothing", () => this.takeWords());
    on("bar groups note", () => this.takeLegend());
    on("height", () => this.fitRoom());
    const told = (message) => this.told(message);
    this.model.on("msg:custom", told);
    this.stops.push(() => this.model.off("msg:custom", told));
    const watch = new ResizeObserver(() => this.fitAgain());
    watch.observe(this.stage);
    this.stops.push(() => watch.disconnect());
    this.listenToMouse();
  }

  takeAll() {
    this.fitRoom(); this.takePlaces(); this.takeImages(); this.takeWords(); this.takeLegend();
  }

  fitRoom() { this.stage.style.height = this.model.get("height") + "px"; this.drawSoon(); }

  takePlaces() {
    this.places = new Float32Array(bytes(this.model.get("places")));
    this.order = new Uint32Array(bytes(this.model.get("order")));
    const box = this.grid && [this.grid.left, this.grid.top, this.grid.right, this.grid.bottom].join();
    this.grid = new Grid(this.places, this.order);
    if (box !== [this.grid.left, this.grid.top, this.grid.right, this.grid.bottom].join()) this.camera = null;
    this.under = -1;
    this.tip.hidden = true;
    if (this.gl) {
      this.fill(this.gl.ARRAY_BUFFER, this.buffers.places, this.places);
      this.fill(this.gl.ELEMENT_ARRAY_BUFFER, this.buffers.order, this.order);
    }
    this.takeColours();
  }

  takeColours() {
    this.colours = ["colours", "beside"]
      .map((name) => new Uint8Array(bytes(this.model.get(name))))
      .filter((found) => found.length === 2 * this.places.length);
    if (this.gl)
      this.colours.forEach((found, k) => this.fill(this.gl.ARRAY_BUFFER, this.buffers.colours[k], found));
    this.takeWords();
    this.fitAgain();
  }

  takeImages() {
    this.pictures = [];
    const wanted = this.model.get("images");
    wanted.forEach(async (image) => {
      const bitmap = await createImageBitmap(new Blob([bytes(image.pixels)]));
      if (wanted !== this.model.get("images") || !this.gl) return;
      this.pictures.push({ image, bitmap, texture: this.textured(bitmap) });
      this.drawSoon();
    });
    this.drawSoon();
  }

  takeWords() {
    const nothing = this.model.get("nothing");
    this.nothing.textContent = this.lost ?? nothing;
    this.nothing.hidden = !this.nothing.textContent;
    this.names.replaceChildren(...this.colours.map((_, k) => element("span", "", this.model.get("names")[k] ?? "")));
    this.tools.hidden = !this.order.length;
    this.canvas.setAttribute("aria-label", this.model.get("names").join("; ") || "Map");
    this.drawSoon();
  }

  takeLegend() {
    const bar = this.model.get("bar"), groups = this.model.get("groups"), parts = [];
    if (bar.title) {
      const strip = element("div", "strip"), ticks = element("div", "ticks");
      strip.style.background = `linear-gradient(to right, ${bar.colours.join(", ")})`;
      for (const [, text] of bar.ticks) ticks.append(element("span", "", text));
      parts.push(element("div", "title", bar.title), strip, ticks);
      if (bar.missing) parts.push(element("div", "note", bar.missing));
    }
    if (groups.length) parts.push(element("div", "title", this.model.get("legend_title")), this.grouped(groups));
    if (this.model.get("note")) parts.push(element("div", "note", this.model.get("note")));
    this.legend.replaceChildren(...parts);
    this.legend.hidden = !parts.length;
  }

  grouped(groups) {
    const list = element("div", "groups");
    for (const group of groups) {
      const entry = element("button", group.is_hidden ? "is-hidden" : "");
      const swatch = element("span", "swatch");
      swatch.style.background = group.colour;
      entry.title = `${group.about}. ${this.model.get("legend_help")}`;
      entry.append(swatch, element("span", "name", group.name), element("span", "count", group.count.toLocaleString("en")));
      entry.onclick = (e) => this.say({ kind: e.ctrlKey || e.metaKey ? "toggle" : "isolate", name: group.name });
      entry.oncontextmenu = (e) => { e.preventDefault(); this.askColour(group); };
      list.append(entry);
    }
    return list;
  }

  askColour(group) {
    const box = element("input");
    box.type = "color";
    box.value = group.colour;
    box.onchange = () => this.say({ kind: "recolour", name: group.name, colour: box.value });
    box.click();
  }

  told(message) {
    if (message.kind !== "spot" || message.place !== this.under) return;
    this.tip.replaceChildren(...message.rows.flatMap(([name, value]) => [element("span", "name", name), element("span", "", value)]));
    this.tip.hidden = !message.rows.length;
  }

  say(message) { this.model.send(message); }

  // ---- drawing -----------------------------------------------------------------------------

  begin() {
    const gl = this.canvas.getContext("webgl2", { preserveDrawingBuffer: true, antialias: false });
    this.gl = gl;
    if (!gl) {
      this.lost = "This browser does not draw with WebGL, so there is no map to move: switch it on, or look at the figures.";
      return;
    }
    this.lost = undefined;
    this.spots = program(gl, VERTEX, FRAGMENT);
    this.image = program(gl, IMAGE_VERTEX, IMAGE_FRAGMENT);
    const made = () => gl.createBuffer();
    this.buffers = { places: made(), order: made(), colours: [made(), made()], corners: made() };
    this.fill(gl.ARRAY_BUFFER, this.buffers.corners, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]));
    this.largest = gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1];
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  fill(kind, buffer, data) {
    this.gl.bindBuffer(kind, buffer);
    this.gl.bufferData(kind, data, this.gl.STATIC_DRAW);
  }

  textured(bitmap) {
    const gl = this.gl, texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    return texture;
  }

  get nPanes() { return Math.max(1, this.colours.length); }
  get paneWidth() { return (this.canvas.clientWidth - GAP * (this.nPanes - 1)) / this.nPanes; }
  get unit() { return this.camera.span / Math.max(1, this.canvas.clientHeight); } // data per pixel

  look() {
    if (this.camera || !this.order.length) return;
    const { left, right, bottom } = this.grid, rim = this.model.get("diameter");
    const above = this.model.get("titles").length ? ABOVE * (bottom - this.grid.top) : 0;
    const top = this.grid.top - above;
    const height = this.canvas.clientHeight, width = this.paneWidth;
    const across = ((right - left + 2 * rim) * height) / Math.max(1, width);
    const span = 1.04 * Math.max(bottom - top + 2 * rim, across, 1e-9);
    this.camera = { x: (left + right) / 2, y: (top + bottom) / 2, span };
    this.whole = span;
    this.isMoved = false;
  }

  // All of it stays in sight where there is less room, or a second pane, unless someone moved it.
  fitAgain() {
    if (!this.isMoved) this.camera = null;
    this.drawSoon();
  }

  drawSoon() {
    if (this.waits) return;
    this.waits = requestAnimationFrame(() => { this.waits = 0; this.draw(); });
  }

  draw() {
    const gl = this.gl, ratio = window.devicePixelRatio || 1;
    if (!gl || !this.canvas.clientWidth) return;
    const width = Math.round(this.canvas.clientWidth * ratio), height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const ground = this.model.get("ground");
    this.stage.classList.toggle("is-light", ground[1] > 0.5);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.look();
    if (this.camera && this.colours.length)
      for (let k = 0; k < this.nPanes; k++) {
        const left = Math.round(k * (this.paneWidth + GAP) * ratio), across = Math.round(this.paneWidth * ratio);
        gl.enable(gl.SCISSOR_TEST);
        gl.viewport(left, 0, across, height);
        gl.scissor(left, 0, across, height);
        gl.clearColor(...ground, 1);
        gl.clear(gl.COLOR_BUFFER_BIT);
        this.drawPane(k, ratio, across / height);
      }
    this.drawBar();
    this.drawRing();
    this.canvas.dataset.drawn = ++this.nDrawn;
  }

  drawPane(k, ratio, aspect) {
    const gl = this.gl, { x, y, span } = this.camera;
    const placed = (of) => {
      gl.useProgram(of.made);
      gl.uniform2f(of.middle, x, y);
      gl.uniform2f(of.scale, 2 / (span * aspect), -2 / span);
    };
    const read = (of, name, buffer, n, kind, isShare) => {
      const at = gl.getAttribLocation(of.made, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, n, kind, isShare, 0, 0);
    };
    placed(this.image);
    for (const { image, texture } of this.pictures) {
      gl.uniform2f(this.image.origin, image.x, image.y);
      gl.uniform2f(this.image.extent, image.width, image.height);
      gl.uniform1f(this.image.opacity, this.model.get("image_opacity"));
      gl.bindTexture(gl.TEXTURE_2D, texture);
      read(this.image, "corner", this.buffers.corners, 2, gl.FLOAT, false);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
    placed(this.spots);
    const size = (this.model.get("diameter") / this.unit) * ratio;
    gl.uniform1f(this.spots.size, Math.min(this.largest, Math.max(1.5 * ratio, size)));
    gl.uniform1i(this.spots.square, this.model.get("are_square"));
    gl.uniform1f(this.spots.outline, size < 8 * ratio ? 0 : this.model.get("outline"));
    read(this.spots, "place", this.buffers.places, 2, gl.FLOAT, false);
    read(this.spots, "colour", this.buffers.colours[k], 4, gl.UNSIGNED_BYTE, true);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
    gl.drawElements(gl.POINTS, this.order.length, gl.UNSIGNED_INT, 0);
  }

  drawBar() {
    const microns = this.model.get("microns");
    this.bar.hidden = !(microns && this.camera);
    if (this.bar.hidden) return;
    const most = BAR * this.unit * microns, ten = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].map((n) => n * ten).find((n) => n <= most);
    this.bar.style.width = length / microns / this.unit + "px";
    this.bar.textContent = length >= 1000 ? `${length / 1000} mm` : `${length} µm`;
  }

  drawRing() {
    const place = this.under >= 0 ? this.under : this.model.get("ringed"), shapes = [];
    if (place >= 0 && this.camera && 2 * place < this.places.length)
      for (let k = 0; k < this.nPanes; k++) {
        const [x, y] = this.pixel(this.places[2 * place], this.places[2 * place + 1]);
        const radius = Math.max(5, (0.5 * this.model.get("diameter")) / this.unit + 2);
        shapes.push(this.shape("circle", { cx: x + k * (this.paneWidth + GAP), cy: y, r: radius }));
      }
    shapes.push(...this.titles());
    if (this.outline.length > 1) shapes.push(this.shape("polygon", { points: this.outline.map((p) => p.join()).join(" ") }));
    this.line.replaceChildren(...shapes);
  }

  titles() {
    if (!this.camera) return [];
    return this.model.get("titles").flatMap(({ text, x, y }) =>
      Array.from({ length: this.nPanes }, (_, k) => {
        const [across, down] = this.pixel(x, y);
        const made = this.shape("text", { x: across + k * (this.paneWidth + GAP), y: down - 3 });
        made.textContent = text;
        return made;
      }));
  }

  shape(kind, told) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(told)) made.setAttribute(name, value);
    return made;
  }

  // ---- the mouse ---------------------------------------------------------------------------

  pixel(x, y) {
    return [(x - this.camera.x) / this.unit + this.paneWidth / 2, (y - this.camera.y) / this.unit + this.canvas.clientHeight / 2];
  }

  place(across, down) {
    const within = across % (this.paneWidth + GAP);
    return [this.camera.x + (within - this.paneWidth / 2) * this.unit, this.camera.y + (down - this.canvas.clientHeight / 2) * this.unit];
  }

  makeTools() {
    const button = (text, title, act) => {
      const made = element("button", "", text);
      made.title = title;
      made.onclick = () => { act(); this.canvas.focus({ preventScroll: true }); };
      this.tools.append(made);
      return made;
    };
    this.pickButton = button("Pick by hand", "", () => this.pick(!this.isPicking));
    button("Show all", "Back to all of it (double click).", () => this.showAll());
    this.pick(false);
  }

  pick(wanted) {
    this.isPicking = wanted;
    this.pickButton.textContent = wanted ? "Stop picking" : "Pick by hand";
    this.pickButton.title = this.model.get("pick_help");
    this.pickButton.setAttribute("aria-pressed", wanted);
    this.canvas.style.cursor = wanted ? "crosshair" : "grab";
  }

  showAll() { this.camera = null; this.drawSoon(); }

  listenToMouse() {
    const c = this.canvas, on = (name, act, how) => c.addEventListener(name, act, how);
    on("pointerdown", (e) => this.press(e));
    on("pointermove", (e) => this.move(e));
    on("pointerup", (e) => this.release(e));
    on("pointercancel", () => { this.outline = []; this.held = null; this.drawSoon(); });
    on("pointerleave", () => this.pointAt(-1));
    on("contextmenu", (e) => e.preventDefault());
    on("dblclick", () => this.showAll());
    on("wheel", (e) => this.turn(e), { passive: false });
    on("keydown", (e) => this.key(e));
    on("blur", () => (this.hint.hidden = true));
    this.hint.hidden = this.tip.hidden = true;
    on("webglcontextlost", (e) => e.preventDefault());
    on("webglcontextrestored", () => { this.begin(); this.takeAll(); });
  }

  press(e) {
    if (!this.camera) return;
    this.canvas.setPointerCapture(e.pointerId);
    this.hint.hidden = this.tip.hidden = true;
    if (this.isPicking && e.button === 0) {
      this.outline = [[e.offsetX, e.offsetY]];
      this.how = [e.shiftKey && "Shift", e.altKey && "Alt"].filter(Boolean);
    } else this.held = [e.offsetX, e.offsetY];
  }

  move(e) {
    if (!this.camera) return;
    const at = [e.offsetX, e.offsetY];
    if (this.outline.length) {
      const [x, y] = this.outline.at(-1);
      if (Math.hypot(at[0] - x, at[1] - y) >= STEP) { this.outline.push(at); this.drawRing(); }
    } else if (this.held) {
      this.camera.x -= (at[0] - this.held[0]) * this.unit;
      this.camera.y -= (at[1] - this.held[1]) * this.unit;
      this.isMoved = true;
      this.held = at;
      this.drawSoon();
    } else {
      const [x, y] = this.place(...at);
      const reach = Math.max(NEAR * this.unit, 0.5 * this.model.get("diameter"));
      const first = this.colours[0];
      this.pointAt(first ? this.grid.nearest(x, y, reach, (i) => first[4 * i + 3] > 0) : -1, at);
    }
  }

  release() {
    const outline = this.outline;
    this.outline = [];
    this.held = null;
    if (outline.length > 2) this.say({ kind: "lasso", outline: outline.map((p) => this.place(...p)), held: this.how });
    this.drawSoon();
  }

  pointAt(place, at) {
    if (at) {
      this.tip.style.left = Math.min(at[0] + 14, Math.max(0, this.canvas.clientWidth - 240)) + "px";
      this.tip.style.top = at[1] + 14 + "px";
    }
    if (place === this.under) return;
    this.under = place;
    this.tip.hidden = true;
    this.drawSoon();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.say({ kind: "hover", place }), 40);
  }

  turn(e) {
    if (!this.camera) return;
    if (document.activeElement !== this.canvas && this.canvas.getRootNode().activeElement !== this.canvas && !e.ctrlKey) {
      this.hint.hidden = false;
      clearTimeout(this.hinting);
      this.hinting = setTimeout(() => (this.hint.hidden = true), 1500);
      return;
    }
    e.preventDefault();
    const [x, y] = this.place(e.offsetX, e.offsetY), before = this.camera.span;
    const span = Math.min(2 * this.whole, Math.max(this.whole / 2000, before * TURN ** e.deltaY));
    this.camera = { x: x + ((this.camera.x - x) * span) / before, y: y + ((this.camera.y - y) * span) / before, span };
    this.isMoved = true;
    this.drawSoon();
  }

  key(e) {
    if (e.key === "Escape") this.say({ kind: "clear" });
    else if ((e.ctrlKey || e.metaKey) && e.key === "z") this.say({ kind: "undo" });
    else if (e.key === "l" && !e.ctrlKey && !e.metaKey) this.pick(!this.isPicking);
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  end() {
    this.stops.forEach((stop) => stop());
    cancelAnimationFrame(this.waits);
    clearTimeout(this.asking);
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

export default {
  render({ model, el }) {
    const canvas = new Canvas(model, el);
    return () => canvas.end();
  },
};
