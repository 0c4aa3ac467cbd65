'use strict';
// The run, prepared for drawing: which frames belong together, and what is said of each.
const frames = corrida.Frames, commits = corrida.Commits || [], phases = corrida.Phases || [];
const total = corrida.End;
const integer = n => String(n).replace(/\B(?=(\d{3})+$)/g, '.');
const ms = (t, digits = 2) => {
  const [whole, rest] = (t / 1e6).toFixed(digits).split('.');
  return integer(whole) + (rest ? ',' + rest : '') + ' ms';
};
const plural = (n, one, many) => integer(n) + ' ' + (n === 1 ? one : many);
const classOf = f => ({BATCH: 'batch', BET: 'batch', ACK: 'ack', WINNERS: 'winners', ERROR: 'error'})[f.Type] || 'control';
const isBatch = f => classOf(f) === 'batch';
const endOf = f => (f.Offset || 0) + (f.Count || 0);

// agencies[i] is the agency with the id i+1.
const agencies = Array.from({length: corrida.Agencies}, (_, i) => ({id: i + 1, sent: [], told: [], all: [], bets: 0}));
const crowd = {sent: [], told: []};
commits.forEach(c => Object.assign(c, {batches: [], acks: [], others: [], journal: /journal$/.test(c.File)}));
const pending = {}; // the batches of each connection that no ACK covers yet
frames.forEach((f, i) => {
  f.i = i;
  f.batches = [];
  const a = agencies[f.Agency - 1], c = commits[f.Commit - 1];
  if (!a) return;
  (f.Sent ? a.told : a.sent).push(i);
  if (classOf(f) !== 'control') (f.Sent ? crowd.told : crowd.sent).push(i);
  a.all.push(i);
  if (f.Type === 'HELLO' && a.hello === undefined) a.hello = f.At;
  if (f.Type === 'FINISHED') a.finished = f.At;
  if (f.Type === 'WINNERS') a.told_at = f.At;
  const waiting = pending[f.Connection] ||= [];
  if (isBatch(f)) {
    waiting.push(f);
    a.bets = Math.max(a.bets, endOf(f));
  }
  if (f.Type === 'ACK') {
    while (waiting.length && endOf(waiting[0]) <= f.Stored) {
      waiting[0].ack = i;
      f.batches.push(waiting.shift().i);
    }
  }
  if (c) (isBatch(f) ? c.batches : f.Type === 'ACK' ? c.acks : c.others).push(i);
});
frames.forEach(f => { // an ACK belongs to every commit whose batches it acknowledges
  if (f.Type === 'ACK') f.commits = [...new Set(f.batches.map(b => frames[b].Commit).concat(f.Commit || []))].filter(Boolean);
});

// queue is a step line: the bets that the central has read and the disk does not have.
const queue = frames.filter(isBatch).map(f => [f.At, f.Count])
  .concat(commits.filter(c => c.Bets && c.Durable).map(c => [c.Durable, -c.Bets]))
  .sort((a, b) => a[0] - b[0]);
let most = 0;
queue.reduce((sum, step) => { step[1] += sum; most = Math.max(most, step[1]); return step[1]; }, 0);

// what a frame says.
function fieldsOf(f) {
  switch (f.Type) {
  case 'BATCH': case 'BET':
    return `offset ${integer(f.Offset || 0)} · ${plural(f.Count, 'apuesta', 'apuestas')} (de la ${integer(f.Offset || 0)} a la ${integer(endOf(f) - 1)})`;
  case 'ACK': case 'WELCOME': return `stored ${integer(f.Stored || 0)}: apuestas de la agencia que ya están en el disco`;
  case 'FINISHED': return `total ${integer(f.Stored || 0)}: la agencia no tiene más apuestas`;
  case 'REGISTERED': return 'el aviso de fin está en el disco';
  case 'HELLO': return `agency ${f.Agency}: la agencia dice quién es`;
  case 'QUERY': return 'pide sus ganadores; la respuesta llega después del sorteo';
  case 'WINNERS': return plural(f.Count || 0, 'documento', 'documentos') + ' de sus ganadores';
  case 'ERROR': return `${f.Status}: ${f.Text}`;
  }
  return '';
}
const headOf = f => `${f.Type} ${f.Sent ? 'de la central a' : 'de'} la agencia ${f.Agency} · a los ${ms(f.At, 3)} · ${integer(f.Bytes)} bytes`;

function describeFrame(f) {
  const lines = [headOf(f), fieldsOf(f)], c = commits[f.Commit - 1], ack = frames[f.ack];
  if (isBatch(f) && c) lines.push('→ ' + describeCommit(f.Commit));
  if (ack) lines.push(`→ ACK con stored ${integer(ack.Stored)} a los ${ms(ack.At, 3)}: ${ms(ack.At - f.At)} después de leer el BATCH`);
  if (f.Type === 'ACK') lines.push(`confirma ${plural(f.batches.length, 'BATCH', 'BATCH')}, de ${plural(f.commits.length, 'group commit', 'group commits')}` +
    (c && c.Durable ? `; ${ms(f.At - c.Durable)} después del último fsync` : ''));
  if (c && c.journal) lines.push('→ ' + describeCommit(f.Commit));
  return lines.join('\n');
}

function describeCommit(number) {
  const c = commits[number - 1];
  const what = c.journal ? `registro en ${c.File}: ${c.Record.replace(/ [0-9a-f]{8}$/, '')}`
    : `group commit en ${c.File}: ${plural(c.batches.length, 'BATCH', 'BATCH')}, ${plural(c.Bets, 'apuesta', 'apuestas')} de ${plural(c.Rows.length, 'agencia', 'agencias')}`;
  return `${what} · ${integer(c.Bytes)} bytes · a los ${ms(c.Start, 3)} · write ${ms(c.Written - c.Start)}` +
    (c.Durable ? ` · fsync ${ms(c.Durable - c.Written)}` : ' · sin fsync');
}

// describe tells of a mark: frames that are drawn together, or a commit.
function describe(mark) {
  if (mark.text) return mark.text;
  if (mark.commit) return describeCommit(mark.commit);
  if (mark.frames.length === 1) return describeFrame(frames[mark.frames[0]]);
  const all = mark.frames.map(i => frames[i]), first = all[0], last = all[all.length - 1];
  const who = new Set(all.map(f => f.Agency));
  const lines = [`${all.length} frames ${first.Type} de ${who.size === 1 ? 'la agencia ' + first.Agency : who.size + ' agencias'} · de ${ms(first.At, 3)} a ${ms(last.At, 3)}`];
  if (isBatch(first)) lines.push(plural(all.reduce((n, f) => n + f.Count, 0), 'apuesta', 'apuestas') +
    (who.size === 1 ? `: de la ${integer(first.Offset || 0)} a la ${integer(endOf(last) - 1)}` : ''));
  if (first.Type === 'ACK' && who.size === 1) lines.push(`stored de ${integer(first.Stored)} a ${integer(last.Stored)}`);
  const written = [...new Set(all.map(f => f.Commit).filter(Boolean))];
  if (isBatch(first) && written.length === 1) lines.push('→ ' + describeCommit(written[0]));
  else if (written.length) lines.push(`en ${plural(written.length, 'group commit', 'group commits')}`);
  return lines.join('\n');
}
