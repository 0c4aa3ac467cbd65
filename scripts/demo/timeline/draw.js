// The picture: lanes, marks, links between marks, and what moves it.
const $ = id => document.getElementById(id);
const chart = $('chart'), overview = $('overview'), tip = $('tip'), detail = $('detail'), focusSelect = $('focus');
const few = 8; // up to so many agencies each has a lane from the start
const start = Math.min(...frames.map(f => f.At)), pad = total * 0.01;
const range = [start - pad, total + 7 * pad]; // room for the texts of the last marks
let view = [...range], focused = 1, selected = null, hovered = null, marks = [], lanes = [], width = 800, gutter = 92;

const X = t => gutter + (t - view[0]) / (view[1] - view[0]) * (width - gutter - 6);
const timeAt = x => view[0] + (x - gutter) / (width - gutter - 6) * (view[1] - view[0]);
const visible = (from, to) => to >= view[0] && from <= view[1];
const textWidth = s => s.length * 6.5 + 4;
const rect = (x, y, w, h, cls, more = '') => `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(w, 0.8).toFixed(1)}" height="${h}" class="${cls}" ${more}/>`;
const text = (x, y, s, cls = '', more = '') => `<text x="${x.toFixed(1)}" y="${y}" class="${cls}" ${more}>${s}</text>`;
const markRef = mark => `data-m="${marks.push(mark) - 1}"`;
// span draws an interval, cut at the edges of what is visible, with a text if that fits.
function span(from, to, y, h, cls, label, textClass, more = '') {
  if (!visible(from, to)) return '';
  const a = Math.max(X(from), gutter), b = Math.min(X(to), width);
  const fits = [].concat(label || []).find(s => textWidth(s) + 6 < b - a);
  return rect(a, y, b - a, h, cls, more) + (fits ? text(a + 5, y + h / 2 + 4, fits, textClass) : '');
}

// layout decides which lanes there are.
function layout() {
  width = chart.clientWidth || 800;
  const narrow = width < 600, head = narrow ? 15 : 0;
  gutter = narrow ? 0 : 92;
  lanes = [];
  let y = 52;
  const add = (kind, h, more) => { lanes.push({kind, y: y + head, h, top: y, full: h + head, ...more}); y += h + head + 6; };
  const followed = agencies[focused - 1], crowded = agencies.length > few;
  if (!crowded) agencies.forEach(a => add('agency', 58, {agency: a, name: `agencia ${a.id}`}));
  else {
    add('agency', 58, {agency: followed, name: `agencia ${focused}`});
    const last = agencies.filter(a => a.finished !== undefined).sort((a, b) => b.finished - a.finished)[0];
    if (last && last !== followed) add('agency', 58, {agency: last, name: `agencia ${last.id}`, note: 'la última'});
    if ($('all').checked) agencies.forEach(a => add('compact', 9, {agency: a, name: `agencia ${a.id}`}));
    else add('crowd', 96, {name: `las ${agencies.length}`, note: 'todas juntas'});
  }
  add('central', 66, {name: 'central'});
  add('disk', 58, {name: 'disco'});
  chart.style.height = y + 4 + 'px';
  chart.setAttribute('viewBox', `0 0 ${width} ${y + 4}`);
}

function axis() {
  const step = [1, 2, 5].flatMap(m => [...Array(10).keys()].map(e => m * 10 ** e)).sort((a, b) => a - b)
    .find(s => s / (view[1] - view[0]) * (width - gutter) > 78) || total;
  const digits = step >= 1e6 ? 0 : step >= 1e5 ? 1 : step >= 1e4 ? 2 : 3;
  let out = '';
  for (let t = Math.ceil(view[0] / step) * step; t <= view[1]; t += step) {
    out += `<path class="grid" d="M${X(t).toFixed(1)} 16V${chart.style.height.slice(0, -2)}"/>` + text(X(t) + 3, 12, ms(t, digits), 'tick');
  }
  return out;
}

const phaseRow = {subida: 18, barrera: 33, sorteo: 18, ganadores: 33};
const phaseNames = () => phases.map(p => span(p.Start, p.End, phaseRow[p.Name], 13, 'phase', p.Name, 'name',
  markRef({text: `${p.Name} · de ${ms(p.Start, 3)} a ${ms(p.End, 3)} · ${ms(p.End - p.Start)}`}))).join('');

// row draws the frames of one direction; those too near to be told apart share a mark.
function row(list, y, h, up) {
  const clusters = [];
  let low = 0, high = list.length;
  while (low < high) { const mid = low + high >> 1; frames[list[mid]].At < view[0] ? low = mid + 1 : high = mid; }
  for (let i = low; i < list.length && frames[list[i]].At <= view[1]; i++) {
    const f = frames[list[i]], x = X(f.At), c = clusters[clusters.length - 1];
    if (c && classOf(f) === c.cls && x - c.end < 7 && x - c.x < 60) { c.end = x; c.frames.push(list[i]); }
    else clusters.push({x, end: x, cls: classOf(f), frames: [list[i]]});
  }
  return clusters.map((c, k) => {
    const n = c.frames.length, f = frames[c.frames[0]], w = Math.max(c.end - c.x + 5, 5), x = c.x - 2;
    const next = clusters[k + 1] ? clusters[k + 1].x - 2 : width + 40, room = next - x - w;
    const ref = markRef({frames: c.frames, x: c.x, y: up ? y : y + h});
    const wide = n > 1 && w > textWidth('×' + n);
    const side = ((w - 8) / 2).toFixed(1), tooth = up ? -4 : 4, tall = h - 4; // a box with an arrow head
    const tipped = w < 10 ? `M${x.toFixed(1)} ${up ? y + h : y}v${up ? -tall : tall}l${(w / 2).toFixed(1)} ${tooth}l${(w / 2).toFixed(1)} ${-tooth}v${up ? tall : -tall}z`
      : `M${x.toFixed(1)} ${up ? y + h : y}v${up ? -tall : tall}h${side}l4 ${tooth}l4 ${-tooth}h${side}v${up ? tall : -tall}z`;
    let out = `<path class="m ${c.cls}" d="${tipped}" ${ref}/>`;
    if (wide) out += text(x + 3, y + h / 2 + 4, '×' + n, 'count');
    const name = n > 1 && !wide ? f.Type + ' ×' + n : n > 1 ? f.Type : f.Type + (f.Type === 'BATCH' ? ` ${integer(f.Offset || 0)}+${f.Count}` : f.Type === 'ACK' ? ` ${integer(f.Stored)}` : '');
    const after = Math.min(room, width - x - w), before = x - (clusters[k - 1] ? clusters[k - 1].end + 6 : gutter);
    const fits = space => [name, n > 1 ? '×' + n : f.Type].find(s => textWidth(s) < space && !(wide && s[0] === '×'));
    if (fits(after)) return out + text(x + w + 3, y + h / 2 + 4, fits(after), 'l-' + c.cls);
    return out + (!clusters[k + 1] && fits(before) ? text(x - 3, y + h / 2 + 4, fits(before), 'l-' + c.cls, 'text-anchor="end"') : '');
  }).join('');
}

const waitOf = a => a.finished === undefined ? '' : [a.finished, a.told_at === undefined ? total : a.told_at];
function agencyLane(l) {
  const a = l.agency, w = waitOf(a);
  return span(a.hello ?? total, a.finished ?? total, l.y + 22, 14, 'upload', [`sube ${integer(a.bets)} apuestas`, 'sube'], '',
    markRef({text: `La agencia ${a.id} sube ${integer(a.bets)} apuestas, de ${ms(a.hello, 3)} a ${ms(a.finished, 3)}`})) +
    (w ? span(...w, l.y, 58, 'wait soft') + span(...w, l.y + 22, 14, 'wait', [`espera en la barrera ${ms(w[1] - w[0], 1)}`, 'espera'], 'wait-t',
      markRef({text: `La agencia ${a.id} terminó de subir a los ${ms(w[0], 3)} y esperó ${ms(w[1] - w[0])} en la barrera`})) : '') +
    row(a.sent, l.y + 2, 17, false) + row(a.told, l.y + 39, 17, true);
}

function compactLane(l) {
  const a = l.agency, w = waitOf(a);
  return span(a.hello ?? total, a.finished ?? total, l.y + 2, 5, 'batch', '', '', markRef({text: `La agencia ${a.id} sube ${integer(a.bets)} apuestas, de ${ms(a.hello, 3)} a ${ms(a.finished, 3)}`})) +
    (w ? span(...w, l.y + 2, 5, 'wait', '', '', markRef({text: `La agencia ${a.id} espera en la barrera ${ms(w[1] - w[0])}`})) : '');
}

// crowdLane shows how many agencies are in each state, and all their frames.
function crowdLane(l) {
  const n = agencies.length, h = 46, y0 = l.y + h;
  const line = (times, cls, what) => {
    const sorted = times.filter(t => t !== undefined).sort((a, b) => a - b);
    let d = `M${X(view[0]).toFixed(1)} ${y0}`, count = 0;
    for (const t of sorted) {
      const x = X(Math.max(t, view[0])).toFixed(1);
      if (t > view[1]) break;
      d += `L${x} ${(y0 - count / n * h).toFixed(1)}`;
      d += `L${x} ${(y0 - ++count / n * h).toFixed(1)}`;
    }
    d += `L${X(view[1]).toFixed(1)} ${(y0 - count / n * h).toFixed(1)}V${y0}z`;
    return `<path class="${cls}" d="${d}" ${markRef({counts: what})}/>`;
  };
  return line(agencies.map(a => a.hello), 'upload') + line(agencies.map(a => a.finished), 'wait') +
    line(agencies.map(a => a.told_at), 'winners') +
    text(gutter + 5, l.y + 12, `${n} agencias`, 'small halo') +
    row(crowd.sent, l.y + 52, 17, false) + row(crowd.told, l.y + 75, 17, true);
}

function countsAt(t) {
  const n = key => agencies.filter(a => a[key] <= t).length;
  const greeted = n('hello'), finished = n('finished'), told = n('told_at');
  return `A los ${ms(t, 3)}, de ${agencies.length} agencias:\n${greeted - finished} suben apuestas (gris)\n${finished - told} esperan en la barrera (violeta)\n${told} conocen sus ganadores (naranja)\n${agencies.length - greeted} aún no saludaron`;
}

function centralLane(l) {
  const base = l.y + 62, h = 36;
  let d = `M${X(view[0]).toFixed(1)} ${base}`, before = 0, last = -1;
  for (const [t, n] of queue) {
    if (t < view[0]) { before = n; continue; }
    if (t > view[1]) break;
    const x = X(t).toFixed(1);
    if (last < 0) d += `V${(base - before / most * h).toFixed(1)}`;
    d += `H${x}V${(base - n / most * h).toFixed(1)}`;
    last = before = n;
  }
  if (last < 0) d += `V${(base - before / most * h).toFixed(1)}`;
  d += `H${X(view[1]).toFixed(1)}V${base}z`;
  let out = `<path class="queue" d="${d}" ${markRef({queue: true})}/>` + text(gutter + 5, l.y + 25, `leído, aún no en el disco (máx. ${integer(most)} apuestas)`, 'queue-t halo');
  const arrivals = commits.filter(c => /^finished /.test(c.Record || '') && c.Durable);
  arrivals.forEach((c, k) => {
    const missing = agencies.length - k - 1, x = X(c.Durable), label = missing ? `faltan ${missing}` : 'no falta ninguna';
    const next = arrivals[k + 1] ? X(arrivals[k + 1].Durable) : width + 60;
    if (x < gutter || x > width) return;
    out += rect(x - 1, l.y + 1, 3, 13, 'm control', markRef({text: `La agencia ${c.Record.split(' ')[1]} llegó a la barrera a los ${ms(c.Durable, 3)}: ${label}`}));
    if (next - x > textWidth(label) + 4) out += text(x + 5, l.y + 12, label, 'l-control');
  });
  return out;
}

function diskLane(l) {
  let out = text(gutter + 5, l.y + 11, 'bets.csv', 'small') + text(gutter + 5, l.y + 41, 'bets.csv.journal', 'small');
  commits.forEach((c, i) => {
    const y = l.y + (c.journal ? 44 : 14), h = c.journal ? 12 : 18, ref = markRef({commit: i + 1, x: X(c.Start), y});
    const many = `fsync ${ms(c.Durable - c.Written, 1)}`;
    out += span(c.Start, c.Written, y, h, 'm write', c.journal ? '' : 'write', 'count', ref) +
      (c.Durable ? span(c.Written, c.Durable, y, h, 'm sync', c.journal ? [c.Record.split(' ').slice(0, 2).join(' ')]
        : [`${many} · ${c.batches.length} BATCH · ${integer(c.Bets)} apuestas`, `${many} · ${c.batches.length} BATCH`, many, 'fsync'], 'sync-t', ref) : '');
  });
  for (const op of corrida.Failures || []) {
    out += span(op.Start, op.End, l.y + 14, 18, 'm error', '', '', markRef({text: `${op.Kind} de ${op.File} ${op.Failed ? 'FALLÓ' : 'a ' + integer(op.Bytes) + ' bytes'} a los ${ms(op.Start, 3)}`}));
  }
  return out;
}

const painters = {agency: agencyLane, compact: compactLane, crowd: crowdLane, central: centralLane, disk: diskLane};
function draw() {
  marks = [];
  let out = `<clipPath id="plot"><rect x="${gutter}" y="0" width="${width - gutter}" height="5000"/></clipPath>`;
  for (const l of lanes) out += rect(0, l.top, width, l.full, l.agency && l.agency.id === focused ? 'lane on' : 'lane');
  out += `<g clip-path="url(#plot)">${axis()}${phaseNames()}`;
  for (const l of lanes) out += `<g data-lane="${l.name}">${painters[l.kind](l)}</g>`;
  if (corrida.Draw && visible(corrida.Draw.At, corrida.Draw.At)) {
    const x = X(corrida.Draw.At), label = `sorteo: ${plural(corrida.Draw.Winners, 'ganador', 'ganadores')}`, left = x + textWidth(label) > width;
    const l = lanes.find(l => l.kind === 'central');
    out += `<path class="draw" d="M${x.toFixed(1)} 48V${l.y + l.h}"/>` + text(x + (left ? -4 : 4), l.y + 42, label, 'draw-t halo', left ? 'text-anchor="end"' : '');
  }
  out += '<g class="links" id="links"></g></g>';
  for (const l of lanes) {
    if (l.kind === 'compact') { if (gutter) out += text(4, l.y + 8, l.name, 'small'); continue; }
    out += text(6, gutter ? l.y + 18 : l.top + 11, l.name, 'name') + (l.note ? text(gutter ? 6 : 90, gutter ? l.y + 32 : l.top + 11, l.note, 'small') : '');
  }
  chart.innerHTML = out;
  drawLinks();
  drawOverview();
  let pressed = false; // at most one button: two views may be the same
  for (const b of document.querySelectorAll('[data-view]')) {
    const target = views[b.dataset.view](), now = !pressed && Math.abs(target[0] - view[0]) + Math.abs(target[1] - view[1]) < 2;
    pressed ||= now;
    b.setAttribute('aria-pressed', now);
  }
}

function drawOverview() {
  const w = overview.clientWidth || 800, x = t => (t - range[0]) / (range[1] - range[0]) * w, bins = Math.max(1, Math.floor(w / 4)), count = Array(bins).fill(0);
  for (const i of crowd.sent) if (isBatch(frames[i])) count[Math.min(bins - 1, Math.max(0, Math.floor(x(frames[i].At) / 4)))]++;
  const top = Math.max(1, ...count);
  overview.setAttribute('viewBox', `0 0 ${w} 62`);
  overview.innerHTML = count.map((n, i) => n ? rect(i * 4, 34 - n / top * 32, 3, n / top * 32, 'batch') : '').join('') +
    commits.map(c => rect(x(c.Start), c.journal ? 50 : 37, x(c.Durable || c.Written) - x(c.Start), c.journal ? 7 : 11, 'sync')).join('') +
    (corrida.Draw ? `<path class="draw" d="M${x(corrida.Draw.At)} 0V62"/>` : '') +
    rect(x(view[0]), 1, Math.max(x(view[1]) - x(view[0]), 3), 60, 'window', 'rx="3"');
}
