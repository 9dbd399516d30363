// A request that is over, as an SVG that stands by itself.
function picture(lane) {
    const say = texts(lane), where = spans(lane), end = Math.max(lane.now, 1000);
    const x = ms => (96 + 520 * ms / end).toFixed(1);
    const escape = text => text.replace(/[&<>]/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;"})[c]);
    const bar = (from, to, fill, y) => `<rect x="${x(from)}" y="${y}" width="${(520 * Math.max(0, to - from) / end).toFixed(1)}" height="12" fill="${fill}"/>`;
    const lines = names.map((name, i) => {
        const span = where[i], y = 40 + i * 24, blue = span.red ?? span.to;
        return `<text x="16" y="${y + 10}" fill="#59616e">${i === 0 ? lane.client : i === 2 ? frame.database : name}</text>`
            + `<rect x="96" y="${y}" width="520" height="12" fill="#eceef1"/>`
            + bar(span.from, blue, i < 2 ? "#98a2b1" : "#2b6bcb", y)
            + (span.red === undefined ? "" : bar(blue, span.to, "url(#lost)", y))
            + `<rect x="${x(span.to)}" y="${y - 2}" width="3" height="16" fill="#1b1f27"/>`
            + `<text x="630" y="${y + 10}" fill="${span.red === undefined ? "#1b1f27" : "#c32222"}">${escape(say[i])}</text>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 172" font-family="system-ui, sans-serif" font-size="12.5">`
        + `<defs><pattern id="lost" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#f3bcb8"/><rect width="3" height="6" fill="#c32222"/></pattern></defs>`
        + `<rect width="960" height="172" fill="#fff"/><text x="16" y="24" font-size="15" font-weight="bold">Request #${lane.id}, context ${lane.on ? "ON" : "OFF"}</text>`
        + `<text x="616" y="24" text-anchor="end" fill="#59616e">0 … ${seconds(end)}</text>${lines.join("")}</svg>\n`;
}

function savePicture(lane) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([picture(lane)], {type: "image/svg+xml"}));
    link.download = `request-${lane.id}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
