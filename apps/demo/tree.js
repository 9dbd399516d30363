// The tree of the newest request: what ended it, and which way that went.
const parts = [["", ""], ["hop", "connection closes"], ["child", "SIGTERM"]];

function node(x, y, width, name, what, kind = "") {
    return `<g class="${kind}"><rect x="${x}" y="${y - 15}" width="${width}" height="30"/>`
        + `<text x="${x + 8}" y="${y - 2}">${name}</text><text class="soft" x="${x + 8}" y="${y + 10}">${what}</text></g>`;
}

const edge = (x, y, to, toY, kind, reach) =>
    `<path class="${kind}" d="M${x} ${y} C${(x + to) / 2} ${y} ${(x + to) / 2} ${toY} ${to} ${toY}${reach ? "H" + reach : ""}"/>`;

// Which of the three ended it: the server, the client, the clock; or -1.
function source(lane) {
    return lane.ended === undefined ? -1 : lane.code === -108 ? 0 : lane.code === -62 ? 2 : 1;
}

const databases = {sqlite: ["database: SQLite", "asks each 0.1 ms"], postgres: ["database: PostgreSQL", "a cancel message"]};

function drawPart(lane, part, i) {
    parts[0] = databases[frame.database];
    const y = 19 + i * 42;
    const isEnded = part.stopped !== undefined;
    const carried = lane.on && lane.ended !== undefined && part.err !== 0 && part.began !== undefined;
    const what = isEnded ? carried ? `stopped +${short(Math.max(0, part.stopped - lane.ended))}` : lostTo(part) ? cpu(part.nobody) + " for nobody" : part.began === undefined ? "did not begin" : "done"
        : part.began === undefined ? "waits" : lostTo(part) ? cpu(part.nobody) + " for nobody" : cpu(part.cpu);
    const told = !lane.on ? "NULL: not told" : carried ? parts[i][1] : "";
    return edge(316, 61, 350, y, carried ? "carried" : lane.on ? "" : "cut", 462)
        + `<text class="${carried ? "told" : "soft"}" x="352" y="${y - 5}">${told}</text>`
        + node(462, y, 176, i === 1 ? "hop: tier 2" + (part.given === undefined ? "" : `, given ${seconds(part.given)}`) : parts[i][0], what, lostTo(part) ? "lost" : isEnded ? "ended" : "");
}

function drawTree(lane) {
    if (lane === undefined)
        return;
    const from = source(lane);
    const isOver = lane.ended !== undefined || lane.done !== undefined;
    const rest = lane.ended !== undefined ? cause(lane) : lane.done !== undefined ? "answered" : `${seconds(Math.max(0, lane.budget - lane.now))} left`;
    const client = lane.left !== undefined ? `left after ${seconds(lane.left)}` : lane.done !== undefined ? `got ${lane.status}` : "waits";
    const sources = [["server", frame.open ? "serves" : "stops"], [lane.client === "browser" ? "client" : lane.client, client], ["clock", `at ${seconds(lane.budget)}`]];
    $("tree-title").textContent = `The tree of contexts, request #${lane.id}`;
    $("tree").innerHTML = sources.map(([name, what], i) => edge(112, 19 + i * 42, 158, 61, i === from ? "carried" : "")
        + node(2, 19 + i * 42, 110, name, what, "source")).join("")
        + lane.parts.map((part, i) => drawPart(lane, part, i)).join("")
        + node(158, 61, 158, `request #${lane.id}${isOver ? lane.ended === undefined ? "" : " ✕" : ""}`, rest, isOver ? "ended" : "");
}
