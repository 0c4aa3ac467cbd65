// The links of a mark: BATCH → write and fsync → ACK.

// laneOf gives where the frames of an agency are drawn.
const laneOf = id => lanes.find(l => l.kind !== 'compact' && l.agency && l.agency.id === id) || lanes.find(l => l.kind === 'crowd') || lanes.find(l => l.agency && l.agency.id === id);
function pointOf(f) {
  const l = laneOf(f.Agency), rows = {agency: [19, 39], crowd: [69, 75], compact: [7, 7]}[l.kind];
  return [X(f.At), l.y + rows[f.Sent ? 1 : 0]];
}

// linked returns the frames and commits that belong to a mark.
function linked(mark) {
  const batches = new Set(), acks = new Set(), written = new Set();
  const addBatch = i => { const f = frames[i]; batches.add(i); if (f.Commit) written.add(f.Commit); if (f.ack !== undefined) acks.add(f.ack); };
  for (const i of mark.frames || []) {
    const f = frames[i];
    if (isBatch(f)) addBatch(i);
    else if (f.Type === 'ACK') f.batches.forEach(addBatch);
    else if (f.Commit) { written.add(f.Commit); (f.Sent ? acks : batches).add(i); commits[f.Commit - 1].others.forEach(o => (frames[o].Sent ? acks : batches).add(o)); }
  }
  if (mark.commit) {
    const c = commits[mark.commit - 1];
    written.add(mark.commit);
    c.batches.forEach(addBatch);
    c.others.forEach(o => (frames[o].Sent ? acks : batches).add(o));
  }
  return {batches: [...batches], acks: [...acks], written};
}

function drawLinks() {
  const mark = hovered && (hovered.frames || hovered.commit) ? hovered : selected, target = $('links');
  if (!mark) { target.innerHTML = ''; return; }
  const {batches, acks, written} = linked(mark), disk = lanes.find(l => l.kind === 'disk');
  const commitY = c => disk.y + (c.journal ? 44 : 14);
  const curve = (x1, y1, x2, y2, cls) => `<path class="${cls}" d="M${x1.toFixed(1)} ${y1}C${x1.toFixed(1)} ${(y1 + y2) / 2} ${x2.toFixed(1)} ${(y1 + y2) / 2} ${x2.toFixed(1)} ${y2}"/>`;
  const some = list => list.length <= 40 ? list : list.filter((_, k) => k % Math.ceil(list.length / 40) === 0 || k === list.length - 1);
  const many = batches.length > 3 ? ' many' : '';
  let out = '';
  for (const i of some(batches)) {
    const f = frames[i], c = commits[f.Commit - 1], [x, y] = pointOf(f);
    if (c) out += curve(x, y, X(c.Start), commitY(c), 'down' + many);
  }
  for (const i of some(acks)) {
    const f = frames[i], [x, y] = pointOf(f);
    const from = (f.commits || [f.Commit]).filter(n => written.has(n)).map(n => commits[n - 1]).pop();
    if (from && from.Durable) out += curve(X(from.Durable), commitY(from), x, y + 17, 'up' + (acks.length > 6 ? ' many' : ''));
  }
  for (const n of written) {
    const c = commits[n - 1];
    out += rect(X(c.Start), commitY(c), X(c.Durable || c.Written) - X(c.Start), c.journal ? 12 : 18, 'ring');
  }
  for (const i of mark.frames && mark.frames.length === 1 ? mark.frames : []) {
    const [x, y] = pointOf(frames[i]);
    out += rect(x - 4, frames[i].Sent ? y - 1 : y - 18, 10, 19, 'ring');
  }
  target.innerHTML = out;
}
