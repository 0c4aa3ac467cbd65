// The live board. The server writes its whole state into the page, and sends it over /events: at most twice a second after
// changes, and every 5 s without any. This script touches only what differs: a screen reader, a selection and the layout
// stay still.
"use strict";

const pageSize = 20; // rows of the table; with more agencies the table has pages, a filter and a map
const denseMap = 1500; // from this many agencies on, the cells of the map are smaller
const shownEvents = 12;
const silence = 10_000; // ms without news after which the connection counts as lost
const retryAfter = 2_000; // ms from an error of the stream to the next attempt

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("es-AR", { useGrouping: "always" });
const percent = new Intl.NumberFormat("es-AR", { style: "percent", maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("es-AR", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("es-AR", { day: "numeric", month: "numeric" });
const unknown = "—";

const agencyStates = {
  absent: "Ausente",
  uploading: "Subiendo",
  finished: "Terminó",
  waiting: "En espera",
  notified: "Notificada",
};
const hasFinished = (agency) => ["finished", "waiting", "notified"].includes(agency.state);
const count = (n, one, many) => `${number.format(n)} ${n === 1 ? one : many}`;

// setText, setAttribute and setHidden write only a value that differs from what the page has.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

// setShare sets the length of a bar, from 0 to 1.
function setShare(bar, part) {
  const value = part.toFixed(4);
  if (bar.style.getPropertyValue("--share") !== value) bar.style.setProperty("--share", value);
}

// State of the lottery and its figures.

// known tells whether the central has read what is stored: before, its figures say nothing.
const known = (s) => s.state !== "recovering" && (s.agencies.length > 0 || s.expected === 0);

// isUploading tells whether an agency uploads here or, where there are several centrals, has lately uploaded anywhere.
const isUploading = (s) => s.agencies.some((a) => a.state === "uploading") || s.rate.slice(-10).some((bets) => bets > 0);

// headline says the state in one sentence. The page announces it to screen readers, so it holds no figure that moves.
function headline(s) {
  switch (s.state) {
    case "recovering": return "La central recupera lo guardado";
    case "uploading": return isUploading(s) ? "Las agencias suben sus apuestas" : "La central espera a las agencias";
    case "drawing": return "Sorteo en curso";
    case "drawn": return "Sorteo realizado";
    case "stopping": return "La central se está deteniendo";
    case "storage_failing": return s.log ? "El registro no responde" : "El almacenamiento falla";
    default: return `Estado desconocido: ${s.state}`;
  }
}

// advice explains a state that is no stage of the lottery.
function advice(s) {
  switch (s.state) {
    case "recovering": return "Lee lo que hay guardado. Hasta que termine no recibe apuestas, y sus cifras no se conocen.";
    case "stopping": return "Guarda y confirma lo que ya recibió, avisa a las agencias conectadas y cierra.";
    case "storage_failing": return s.log
      ? "La central no atiende agencias ni confirma apuestas hasta que el registro responda; las ya confirmadas están guardadas."
      : "La última escritura en el disco falló. La central no confirma apuestas hasta que una salga bien; las ya confirmadas están guardadas.";
    default: return "";
  }
}

// step gives the position of the current stage in the list of stages. A central that stops or whose storage fails stays
// at the stage that its draw shows.
function step(s) {
  if (s.state === "recovering") return 0;
  if (s.draw.winners !== null) return 3;
  return s.draw.held || s.state === "drawing" || s.state === "drawn" ? 2 : 1;
}

function showState(s) {
  setAttribute($("board"), "data-state", s.state);
  setText($("headline"), headline(s));
  setText($("advice"), advice(s));
  setHidden($("advice"), advice(s) === "");
  [...$("steps").children].forEach((item, i) => {
    if (i === step(s)) setAttribute(item, "aria-current", "step");
    else item.removeAttribute("aria-current");
  });

  setText($("bets"), known(s) ? number.format(s.bets) : unknown);
  setText($("rate"), known(s) ? number.format(Math.round(s.rate.at(-1) ?? 0)) : unknown);
  setText($("finished"), known(s) ? number.format(s.agencies.filter(hasFinished).length) : unknown);
  setText($("expected"), `de ${count(s.expected, "agencia", "agencias")}`);
}

function showDraw(s) {
  const [verdict, note] = draw(s);
  setText($("draw"), verdict);
  setText($("draw-note"), note);
  const finished = s.agencies.filter(hasFinished).length;
  // The bar of a draw that is pending never looks complete, also where one agency of thousands is missing.
  setShare($("barrier"), s.draw.held ? 1 : s.expected > 0 ? Math.min(finished / s.expected, 0.98) : 0);
}

// draw gives what is known of the draw, in two words and in a sentence.
function draw(s) {
  if (s.draw.winners !== null) {
    const notified = s.agencies.filter((a) => a.state === "notified").length;
    return [
      s.draw.winners === 0 ? "Sin ganadores" : count(s.draw.winners, "ganador", "ganadores"),
      `El sorteo está hecho. Desde que arrancó, la central dio sus resultados a ${number.format(notified)} de ${count(s.expected, "agencia", "agencias")}.`,
    ];
  }
  if (s.draw.held) return ["Hecho", "Los resultados todavía no se publicaron."];
  if (!known(s)) return [unknown, "Se sabrá cuando la central termine de leer lo guardado."];
  if (s.expected === 0) return ["No habrá", "Esta central no espera a ninguna agencia: SERVER_AGENCIES es 0."];
  const missing = s.agencies.filter((a) => a.id <= s.expected && !hasFinished(a));
  if (missing.length > 0) return ["Pendiente", `Se hace cuando terminan todas las agencias. ${whoIsMissing(missing)}`];
  return [s.state === "drawing" ? "En curso" : "Pendiente", "Todas las agencias terminaron."];
}

// whoIsMissing names the agencies that have not finished, or counts them where they are many.
function whoIsMissing(missing) {
  if (missing.length === 1) return `Falta la agencia ${missing[0].id}.`;
  if (missing.length > 6) return `Faltan ${number.format(missing.length)}.`;
  const ids = missing.map((a) => a.id);
  return `Faltan las agencias ${ids.slice(0, -1).join(", ")} y ${ids.at(-1)}.`;
}

// The log that several centrals share. An embedded central has none.

function showLog(log) {
  setHidden($("log"), !log);
  if (!log) return;
  const lost = log.answered !== null;
  setHidden($("log-lost"), !lost);
  setText($("log-lost"), lost ? `Sin quórum ${since(new Date(log.answered))}: no responde la mayoría de los servidores NATS, o esta central quedó aislada de ellos.` : "");
  // The leader's answers come once a second, so the fold may be ahead of the latest.
  const lag = Math.max(0, log.last - log.folded);
  setText($("log-folded"), number.format(log.folded));
  setText($("log-lag"), log.reachable ? count(lag, "entrada", "entradas") : unknown);
  setText($("log-leader"), log.reachable ? log.leader : unknown);
  setText($("log-void"), count(log.void, "entrada", "entradas"));
  setText($("log-behind"), log.reachable ? number.format(log.behind) : unknown);
}

// Chart of the last minute.

// scale gives the top of the chart: the least of 10, 20, 50, 100, … that holds the peak, so that it changes seldom.
function scale(peak) {
  for (let power = 10; ; power *= 10) {
    for (const factor of [1, 2, 5]) {
      if (factor * power >= peak) return factor * power;
    }
  }
}

function showMinute(rate) {
  const peak = Math.max(0, ...rate);
  const top = scale(peak);
  const width = 600 / Math.max(1, rate.length);
  const bars = rate.map((value, i) => {
    // A second with any bet at all has a bar that can be seen.
    const height = value > 0 ? Math.max(1, (100 * value) / top) : 0;
    return height > 0 ? `M${(i * width + width * 0.1).toFixed(1)} 100v${(-height).toFixed(1)}h${(width * 0.8).toFixed(1)}V100z` : "";
  });
  setAttribute($("bars"), "d", bars.join(""));
  setText($("scale-top"), `${number.format(top)}/s`);
  setText($("scale-half"), `${number.format(top / 2)}/s`);

  const ago = rate.length - 1 - rate.lastIndexOf(peak);
  const when = ago === 0 ? "en el último segundo" : `hace ${ago} s`;
  setText($("minute-text"), peak === 0
    ? "Ninguna apuesta en el último minuto."
    : `La mayor velocidad, ${count(Math.round(peak), "apuesta", "apuestas")} por segundo, fue ${when}.`);
}

// Agencies: a table of at most pageSize rows and, for more agencies, a map of all of them, a filter and pages.

let page = 0;

function showAgencies(s) {
  const many = s.agencies.length > pageSize;
  const largest = Math.max(0, ...s.agencies.map((a) => a.bets));
  setHidden($("many"), !many);
  if (many) {
    showMap(s.agencies);
    showCounts(s.agencies);
  }

  const chosen = many ? s.agencies.filter(matchesFilter()) : s.agencies;
  const pages = Math.max(1, Math.ceil(chosen.length / pageSize));
  page = Math.min(page, pages - 1);
  const first = page * pageSize;
  const shown = chosen.slice(first, first + pageSize);
  // The table of many agencies keeps its height: the rows that a page does not use stay, invisible. One gives its place
  // to the row that says that there is none.
  const height = many ? pageSize - (shown.length === 0 ? 1 : 0) : shown.length;
  const rows = children($("rows"), height, () => $("row").content.firstElementChild.cloneNode(true));
  rows.forEach((row, i) => showAgency(row, shown[i], largest));

  setHidden($("none"), shown.length > 0);
  setText($("none").querySelector("td"), whyNone(s));
  setText($("range"), shown.length === 0 ? "0 de 0" : `${number.format(first + 1)} a ${number.format(first + shown.length)} de ${number.format(chosen.length)}`);
  $("previous").disabled = page === 0;
  $("next").disabled = page >= pages - 1;
}

// whyNone says why the table is empty.
function whyNone(s) {
  if (!known(s)) return "Todavía no se conocen.";
  return s.agencies.length > 0 ? "Ninguna agencia cumple el filtro." : "Ninguna agencia por ahora.";
}

// showAgency writes one row; without an agency the row is invisible.
function showAgency(row, agency, largest) {
  row.classList.toggle("unused", !agency);
  if (!agency) return;
  const [id, state, bets, share, winners] = row.cells;
  const part = largest > 0 ? agency.bets / largest : 0;
  setText(id, String(agency.id));
  setAttribute(state.firstChild, "class", `mark ${agency.state}`);
  setText(state.lastChild, agencyStates[agency.state] ?? agency.state);
  setText(bets.firstElementChild, number.format(agency.bets));
  setText(bets.lastElementChild, agency.bets === 0 ? "" : hasFinished(agency) ? "en total" : "hasta ahora");
  setShare(share.querySelector("i"), part);
  setText(share.lastElementChild, largest === 0 ? unknown : part > 0 && part < 0.005 ? `<${percent.format(0.01)}` : percent.format(part));
  setText(winners, agency.winners === null ? unknown : number.format(agency.winners));
}

function showMap(agencies) {
  const map = $("map");
  map.classList.toggle("dense", agencies.length >= denseMap);
  children(map, agencies.length, () => document.createElement("i")).forEach((cell, i) => {
    if (cell.className !== agencies[i].state) cell.className = agencies[i].state;
  });
}

function showCounts(agencies) {
  const counts = {};
  for (const agency of agencies) counts[agency.state] = (counts[agency.state] ?? 0) + 1;
  setText($("count-all"), number.format(agencies.length));
  for (const state of Object.keys(agencyStates)) setText($(`count-${state}`), number.format(counts[state] ?? 0));
}

// matchesFilter gives the test that the form asks for: a state, and the digits with which the number begins.
function matchesFilter() {
  const state = $("filter").elements.state.value;
  const digits = $("number").value.replace(/\D/g, "");
  return (agency) => (state === "" || agency.state === state) && String(agency.id).startsWith(digits);
}

// children gives the n children of a node; it adds those that are missing and removes those that are too many.
function children(node, n, create) {
  while (node.children.length < n) node.append(create());
  while (node.children.length > n) node.lastElementChild.remove();
  return [...node.children];
}

// Events. The server gives the newest first.

function showEvents(events) {
  const newest = events.slice(0, shownEvents);
  const create = () => {
    const item = document.createElement("li");
    item.append(document.createElement("time"), document.createElement("span"));
    return item;
  };
  children($("events"), newest.length, create).forEach((item, i) => {
    setAttribute(item.firstChild, "datetime", newest[i].time);
    setText(item.firstChild, moment(new Date(newest[i].time)));
    setText(item.lastChild, newest[i].text);
  });
  setHidden($("no-events"), newest.length > 0);
}

// moment writes a time of today as a clock does, and says the day of any other.
function moment(time) {
  const today = time.toDateString() === new Date().toDateString();
  return today ? clock.format(time) : `${day.format(time)} ${clock.format(time)}`;
}

// since writes "from that time on".
function since(time) {
  const today = time.toDateString() === new Date().toDateString();
  return today ? `desde las ${clock.format(time)}` : `desde el ${day.format(time)} a las ${clock.format(time)}`;
}

// The connection: whether what the page shows is live.

let last = null; // the last state that the server sent
let confirmed = new Date(); // when the server last confirmed it
let lostSince = null; // since when nothing confirms it; null while the page is live

// show writes a state into the page. One that the page cannot read counts as none.
function show(text) {
  try {
    const state = JSON.parse(text);
    render(state);
    last = state;
  } catch (err) {
    console.error(err);
    lost(new Date());
    return;
  }
  confirmed = new Date();
  lostSince = null;
  setText($("link"), "En vivo");
  setAttribute($("link"), "data-link", "live");
  $("board").classList.remove("stale");
  document.title = `${headline(last)} · Lotería Nacional`;
}

function render(state) {
  showState(state);
  showDraw(state);
  showMinute(state.rate);
  showLog(state.log);
  showAgencies(state);
  showEvents(state.events);
}

// lost says since when the figures are not live. It keeps the first moment while the page tries again.
function lost(at) {
  lostSince ??= at;
  setText($("link"), "Sin conexión");
  setAttribute($("link"), "data-link", "lost");
  setText($("headline"), "Sin conexión con la central");
  const announced = last?.state === "stopping" ? "Había avisado que se detenía. " : "";
  const shown = last ? "Lo que sigue es de ese momento. " : "";
  setText($("advice"), `No se sabe nada de ella ${since(lostSince)}. ${announced}${shown}El tablero vuelve a intentarlo solo.`);
  setHidden($("advice"), false);
  $("board").classList.add("stale");
  document.title = "Sin conexión · Lotería Nacional";
}

let stream = null;
let opened = new Date(); // when the page opened the stream

// connect opens the stream, again after every error.
function connect() {
  opened = new Date();
  stream = new EventSource("/events");
  stream.onmessage = (message) => show(message.data);
  stream.onerror = () => {
    lost(new Date());
    stream.close();
    setTimeout(connect, retryAfter);
  };
}

// watch opens a new stream after a silence: where the server hangs or is out of reach, the old one seems open for long.
function watch() {
  if (lostSince !== null) lost(lostSince);
  if (stream.readyState === EventSource.CLOSED) return; // connect comes by itself
  if (new Date() - Math.max(opened, confirmed) < silence) return;
  lost(confirmed);
  stream.close();
  connect();
}

$("previous").addEventListener("click", () => turn(-1));
$("next").addEventListener("click", () => turn(1));
$("filter").addEventListener("input", () => turn(-page));
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("map").addEventListener("pointerover", (event) => {
  const agency = last.agencies[[...$("map").children].indexOf(event.target)];
  if (agency) event.target.title = `Agencia ${agency.id}: ${agencyStates[agency.state] ?? agency.state}, ${count(agency.bets, "apuesta", "apuestas")}`;
});

function turn(pages) {
  page += pages;
  if (last) showAgencies(last);
}

if ($("first").textContent) show($("first").textContent);
connect();
setInterval(watch, 1_000);
