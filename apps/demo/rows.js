// What the server tells, a row for each request.
const names = ["browser", "server", "database", "hop", "child"];
const shortest = 8000;      // ms that the axis shows at least
let frame = null, came = 0, scale = shortest, lastNews = 0, isWaiting = false;

const seconds = ms => (ms / 1000).toFixed(2) + " s";
const short = ms => ms < 10 ? ms.toFixed(1) + " ms" : ms < 1000 ? Math.round(ms) + " ms" : seconds(ms);
const cpu = s => s.toFixed(2) + " CPU-s";
const lostTo = part => part.nobody > 0.02;  // less, and it only waited for a processor

const leaving = {"-32": "client left", "-104": "client broke off", "-110": "client fell silent"};

function cause(lane) {      // without its code, and the age it had when it was told
    return leaving[lane.code] ?? lane.cause.replace(/ \(-\d+\)|, [\d.]+\S* ago|, inherited/g, "").replace(/^context [a-z ]+: /, "").replace(/, (deadline of |by ).*/, "");
}

function sayPart(lane, part) {
    if (part.stopped === undefined)
        return part.began === undefined ? "waits" : lostTo(part)
            ? `still works for nobody: ${cpu(part.nobody)}` : `works, ${cpu(part.cpu)}${given(lane, part)}`;
    if (lostTo(part))
        return `ran on: ${cpu(part.nobody)} for nobody`;
    if (part.began === undefined)
        return "did not begin";
    if (lane.on && part.err !== 0 && lane.ended !== undefined)
        return `stopped +${short(Math.max(0, part.stopped - lane.ended))}, ${cpu(part.cpu)}${given(lane, part)}`;
    return `${part.err === 0 ? "done" : "failed"} after ${seconds(part.stopped)}, ${cpu(part.cpu)}`;
}

function given(lane, part) {    // tier 2 was told how long it may take
    return part === lane.parts[1] && part.given !== undefined ? `, given ${seconds(part.given)}` : "";
}

function texts(lane) {
    const browser = lane.left !== undefined ? `✕ left after ${seconds(lane.left)}`
        : lane.done !== undefined ? `has its answer: ${lane.status}, after ${seconds(lane.done)}` : "waits";
    const server = lane.cause === "" ? lane.done !== undefined ? "answered" : `waits for ${lane.parts.some(part => part.began !== undefined) ? "its parts" : "its turn"}, ${seconds(Math.max(0, lane.budget - lane.now))} left`
        : lane.on ? `canceled: ${cause(lane)}` : `cannot tell them: ${cause(lane)}`;
    return [browser, server, ...lane.parts.map(part => sayPart(lane, part))];
}

// The end of a request that is shown in one line.
function sum(lane) {
    const nobody = lane.parts.reduce((sum, part) => sum + part.nobody, 0);
    const stops = lane.parts.map(part => part.stopped);
    if (stops.includes(undefined))
        return nobody > 0.02 ? `✕ left, and still works: ${cpu(nobody)}` : "works";
    if (nobody > 0.02)
        return `✕ left, and it ran on: ${cpu(nobody)}`;
    return lane.ended !== undefined && lane.on
        ? `✕ left; stopped +${short(Math.max(0, Math.max(...stops) - lane.ended))}` : `answered: ${lane.status}`;
}

function makeRow(lane) {
    const row = document.createElement("div");
    row.id = "lane" + lane.id;
    row.className = "row" + (lane.client === "storm" ? " small" : "") + (lane.on ? "" : " off");
    const first = {curl: "curl", storm: lane.on ? "storm ON" : "storm OFF"}[lane.client] ?? "browser";
    row.innerHTML = `<b>#${lane.id}</b><em>${lane.on ? "ON" : "OFF"}</em><a href="#" hidden title="save this picture" aria-label="save the picture of request ${lane.id}">SVG</a>`
        + names.map((name, i) => `<div class="lane ${name}"><span>${i === 0 ? first : name === "database" ? frame.database : name}</span><div class="track"><u></u><s></s><q></q><hr></div><p></p></div>`).join("");
    row.querySelector("a").onclick = event => {
        event.preventDefault();
        savePicture(frame.lanes.find(other => other.id === lane.id));
    };
    return row;
}

// From when to when each lane is busy; `useful` is where red begins.
function spans(lane) {
    const over = time => time ?? lane.now;
    return [
        {from: 0, to: over(lane.left ?? lane.done), over: (lane.left ?? lane.done) !== undefined},
        {from: 0, to: over(lane.done), over: lane.done !== undefined},
        ...lane.parts.map(part => ({
            from: part.began ?? over(part.stopped), to: over(part.stopped), over: part.stopped !== undefined,
            red: lostTo(part) ? Math.max(lane.left, part.began ?? 0) : undefined,
        })),
    ];
}

function drawTrack(track, span, budget) {
    const percent = ms => 100 * ms / scale + "%";
    const [useful, lost, mark, limit] = track.children;
    const blue = span.red ?? span.to;
    useful.style.left = percent(span.from);
    useful.style.width = percent(Math.max(0, blue - span.from));
    lost.hidden = span.red === undefined;
    lost.style.left = percent(blue);
    lost.style.width = percent(Math.max(0, span.to - blue));
    mark.hidden = !span.over;
    mark.style.left = percent(span.to);
    limit.hidden = budget > scale;
    limit.style.left = percent(budget);
}

const isOver = lane => lane.done !== undefined && lane.parts.every(part => part.stopped !== undefined);

function draw(row, lane) {
    if (row.drawn === scale && isOver(lane))
        return;
    row.drawn = isOver(lane) ? scale : 0;
    const say = lane.client === "storm" ? [sum(lane)] : texts(lane);
    const where = spans(lane);
    row.querySelectorAll(".lane").forEach((part, i) => {
        drawTrack(part.children[1], where[i], lane.budget);
        const text = part.children[2];
        if (say[i] !== undefined && text.textContent !== say[i])
            text.textContent = text.title = say[i];
        const isLost = say.length === 1 ? lane.parts.some(lostTo) : where[i].red !== undefined;
        text.classList.toggle("lost", isLost);
    });
    row.querySelector("a").hidden = !isOver(lane);
}

function drawAxis() {
    const steps = scale <= 8000 ? 1 : scale <= 16000 ? 2 : scale <= 40000 ? 5 : 10;
    let marks = "";
    for (let s = 0; s <= scale / 1000; s += steps)
        marks += `<span style="left:${100000 * s / scale}%">${s} s</span>`;
    $("axis").firstChild.innerHTML = marks;
}

function place(lanes) {
    let next = $("rows").firstElementChild;
    for (const lane of lanes) {
        const row = $("lane" + lane.id) ?? makeRow(lane);
        if (row === next)
            next = next.nextElementSibling;
        else
            $("rows").insertBefore(row, next);
        draw(row, lane);
    }
    while (next) {
        const old = next;
        next = next.nextElementSibling;
        old.remove();
    }
}

function drawAll() {
    if (frame === null)
        return;
    const since = Math.min(300, performance.now() - came);
    let longest = shortest, moves = false;
    for (const lane of frame.lanes) {
        lane.now = isOver(lane) ? Math.max(lane.done, ...lane.parts.map(part => part.stopped)) : lane.age + since;
        longest = Math.max(longest, frame.lanes[0].id - lane.id < 10 ? lane.now : 0);
        moves ||= !isOver(lane);
    }
    const wanted = Math.ceil(longest / 4000) * 4000;
    if (wanted !== scale || $("axis").firstChild.innerHTML === "") {
        scale = wanted;
        drawAxis();
    }
    place(frame.lanes);
    drawTree(frame.lanes.find(lane => !isOver(lane)) ?? frame.lanes[0]);
    if (moves && !isWaiting && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
        isWaiting = true;
        setTimeout(() => requestAnimationFrame(() => {
            isWaiting = false;
            drawAll();
        }), 30);
    }
}

function drawTally(name, tally) {
    $(name).textContent = tally.cpu.toFixed(tally.cpu < 10 ? 3 : 1) + " CPU-s";
    $(name).classList.toggle("lost", tally.cpu > 0.3);
    const jobs = `${tally.jobs} ${tally.jobs === 1 ? "job" : "jobs"} now`;
    $(name + "-jobs").textContent = `${tally.clients} ${tally.clients === 1 ? "client" : "clients"} left, ${jobs}${tally.jobs > 0 ? " ▲" : ""}`;
    $(name + "-jobs").classList.toggle("lost", tally.jobs > 0 && tally.cpu > 0.3);
}

function drawSpark() {
    const late = frame.lanes.flatMap(lane => lane.on && lane.ended !== undefined
        ? lane.parts.filter(part => part.err !== 0 && part.began < lane.ended && part.stopped >= lane.ended).map(part => part.stopped - lane.ended) : []).slice(0, 40).reverse();
    if (late.length === 0)
        return;
    const top = Math.max(5, ...late);
    $("spark").innerHTML = late.map((ms, i) => `<rect x="${i * 5}" width="3.5" y="${44 - Math.max(1.5, 34 * ms / top)}" height="${Math.max(1.5, 34 * ms / top)}"><title>${short(ms)}</title></rect>`).join("")
        + `<line x1="0" x2="200" y1="10" y2="10"/><text x="200" y="7" text-anchor="end">${short(top)}</text>`;
}

function tellNews() {
    const over = frame.lanes.find(isOver);
    if (over && over.id > lastNews) {
        lastNews = over.id;
        $("news").textContent = `Request ${over.id}: ${texts(over).join("; ")}`;
    }
}

const events = new EventSource("/events");
events.onmessage = event => {
    const first = frame === null;
    frame = JSON.parse(event.data);
    came = performance.now();
    $("empty").hidden = frame.lanes.length > 0;
    $("banner").textContent = frame.open ? "" : `stopping: ${frame.inside} inside`;
    if (first && frame.database === "postgres")
        $("code-database").textContent = "belay_pq_exec_params(ctx, …)";
    drawTally("on", frame.on);
    drawTally("off", frame.off);
    if (frame.p50 > 0) {
        $("stop").textContent = "p50 " + short(frame.p50);
        $("p99").textContent = "p99 " + short(frame.p99);
    }
    drawAll();
    drawSpark();
    first ? lastNews = frame.lanes[0]?.id ?? 0 : tellNews();
};
events.onerror = () => $("banner").textContent = "The server has stopped.";
