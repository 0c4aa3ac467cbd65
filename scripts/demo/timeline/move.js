// What moves the picture: buttons, wheel, pointer and keyboard.
let pending_draw = 0;
const redraw = () => { cancelAnimationFrame(pending_draw); pending_draw = requestAnimationFrame(draw); };

function show(from, to) {
  const least = 20e3, most_wide = range[1] - range[0]; // never less than 20 µs
  let size = Math.min(Math.max(to - from, least), most_wide);
  from = Math.min(Math.max((from + to - size) / 2, range[0]), range[1] - size);
  view = [from, from + size];
  redraw();
}
const zoom = (factor, around = (view[0] + view[1]) / 2) => show(around - (around - view[0]) * factor, around + (view[1] - around) * factor);
const pan = part => { const d = (view[1] - view[0]) * part; show(view[0] + d, view[1] + d); };

// margins gives an interval some air.
const margins = (from, to) => { const air = Math.max((to - from) * 0.12, 30e3); return [Math.max(from - air, range[0]), Math.min(to + air, range[1])]; };
const views = {
  todo: () => range,
  ciclo: () => { // from the greeting of the agency to its first ACK
    const a = agencies[focused - 1], ack = a.told.map(i => frames[i]).find(f => f.Type === 'ACK');
    return ack ? margins(a.hello, ack.At) : range;
  },
  barrera: () => {
    const barrier = phases.find(p => p.Name === 'barrera');
    return barrier ? margins(barrier.Start, total) : range;
  },
  sorteo: () => {
    const held = phases.find(p => p.Name === 'sorteo');
    return held ? margins(Math.max(0, held.Start - (total - held.Start)), total) : range;
  },
};

function follow(id) {
  focused = id;
  focusSelect.value = id;
  layout();
  redraw();
}

function select(mark) {
  selected = mark;
  detail.textContent = mark ? describe(mark) : 'Nada elegido: un clic en una marca muestra acá sus campos y fija su camino.';
  drawLinks();
}

// step selects the next or the previous frame of the agency that is followed.
function step(by) {
  const list = agencies[focused - 1].all, now = selected && selected.frames ? selected.frames[by > 0 ? selected.frames.length - 1 : 0] : -1;
  let k = list.indexOf(now);
  k = k < 0 ? list.findIndex(i => frames[i].At >= view[0]) : k + by;
  const i = list[Math.min(Math.max(k, 0), list.length - 1)];
  if (i === undefined) return;
  const size = view[1] - view[0], t = frames[i].At;
  if (t < view[0] || t > view[1]) show(t - size / 2, t + size / 2);
  select({frames: [i]});
}

const markAt = event => { const e = event.target.closest && event.target.closest('[data-m]'); return e ? marks[e.dataset.m] : null; };
const offsetX = event => event.clientX - chart.getBoundingClientRect().left;
function hover(event) {
  hovered = markAt(event);
  drawLinks();
  tip.hidden = !hovered;
  if (!hovered) return;
  const t = timeAt(offsetX(event));
  tip.textContent = hovered.queue ? `A los ${ms(t, 3)}: ${integer((queue.filter(s => s[0] <= t).pop() || [0, 0])[1])} apuestas leídas que aún no están en el disco`
    : 'counts' in hovered ? countsAt(t) : describe(hovered);
  const w = tip.offsetWidth, h = tip.offsetHeight;
  tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - w - 4)) + 'px';
  tip.style.top = (event.clientY + 18 + h > innerHeight ? Math.max(4, event.clientY - h - 12) : event.clientY + 18) + 'px';
}

let drag = null;
chart.addEventListener('pointerdown', e => { drag = {x: e.clientX, view: [...view], moved: false}; });
chart.addEventListener('pointermove', e => {
  if (!drag || !e.buttons) { hover(e); return; }
  const d = (drag.x - e.clientX) / (width - gutter) * (drag.view[1] - drag.view[0]);
  if (!drag.moved && Math.abs(drag.x - e.clientX) < 4) return;
  if (!drag.moved) { drag.moved = true; chart.setPointerCapture(e.pointerId); chart.classList.add('dragging'); tip.hidden = true; }
  show(drag.view[0] + d, drag.view[1] + d);
});
chart.addEventListener('pointerup', e => {
  const mark = markAt(e);
  if (drag && !drag.moved && mark && (mark.frames || mark.commit || mark.text)) {
    const id = mark.frames && frames[mark.frames[0]].Agency;
    if (id && agencies.length <= few && id !== focused) follow(id);
    select(mark);
  }
  drag = null;
  chart.classList.remove('dragging');
});
chart.addEventListener('pointerleave', () => { hovered = null; tip.hidden = true; drawLinks(); });
chart.addEventListener('wheel', e => {
  e.preventDefault();
  const unit = e.deltaMode ? 16 : 1;
  if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) pan((e.deltaX || e.deltaY) * unit / 1500);
  else zoom(Math.exp(e.deltaY * unit / 400), timeAt(offsetX(e)));
}, {passive: false});
chart.addEventListener('keydown', e => {
  const act = {'+': () => zoom(0.5), '-': () => zoom(2), ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), Home: () => show(...range),
    a: () => step(-1), s: () => step(1), Escape: () => select(null)}[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  act();
});
const seek = e => {
  const box = overview.getBoundingClientRect(), t = range[0] + (e.clientX - box.left) / box.width * (range[1] - range[0]), half = (view[1] - view[0]) / 2;
  show(t - half, t + half);
};
overview.addEventListener('pointerdown', e => { overview.setPointerCapture(e.pointerId); seek(e); });
overview.addEventListener('pointermove', e => { if (e.buttons) seek(e); });

document.querySelector('.controls').addEventListener('click', e => {
  const {view: name, zoom: factor, pan: part, step: by} = e.target.dataset;
  if (name) show(...views[name]());
  if (factor) zoom(+factor);
  if (part) pan(+part);
  if (by) step(+by);
});
focusSelect.innerHTML = agencies.map(a => `<option value="${a.id}">agencia ${a.id}</option>`).join('');
focusSelect.addEventListener('change', () => { follow(+focusSelect.value); show(...views.ciclo()); });
$('all-label').hidden = agencies.length <= few;
$('all').addEventListener('change', () => { layout(); redraw(); });
addEventListener('resize', () => { layout(); redraw(); });

// The first picture is a whole cycle of the agency that sent the first batch; the
// address may name another view (#todo, #barrera, #sorteo).
const opening = frames.find(isBatch);
focused = opening ? opening.Agency : 1;
focusSelect.value = focused;
layout();
view = [...(views[location.hash.slice(1)] || views.ciclo)()];
draw();
select(opening && views[location.hash.slice(1)] === undefined ? {frames: [opening.i]} : null);
