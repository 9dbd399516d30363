// What the visitor does.
const $ = id => document.getElementById(id);
const running = [];         // an AbortController for each fetch of this page
const isOn = () => $("context").getAttribute("aria-checked") === "true";

function wish() {
    const ms = id => Math.min(60000, Math.max(1, Math.round($(id).value * 1000)));
    return `budget=${ms("budget")}&work=${ms("work")}&context=${isOn() ? "on" : "off"}`;
}

async function start() {
    const controller = new AbortController();
    running.push(controller);
    show();
    try {
        await (await fetch("/query?" + wish(), {signal: controller.signal})).text();
    } catch (ended) { /* canceled, or the server has gone: its lane says so */ }
    running.splice(running.indexOf(controller), 1);
    show();
}

function cancel() {
    if (running.length > 0)
        running[running.length - 1].abort();
}

function page() {
    const open = $("tab").querySelector("iframe");
    if (open) {
        open.src = "about:blank";               // the browser closes the connection
        setTimeout(() => open.remove(), 100);
    } else {
        const tab = document.createElement("iframe");
        tab.title = "a tab";
        tab.src = "/query?" + wish();
        $("tab").append(tab);
    }
    $("tab").hidden = !!open;
    $("page").firstChild.textContent = open ? "Open a tab" : "Close the tab";
}

async function send(where) {
    const reply = await fetch(`/${where}?` + wish(), {method: "POST"}).catch(() => null);
    $("hint").textContent = reply ? await reply.text() : "";
}

function toggle() {
    $("context").setAttribute("aria-checked", !isOn());
    $("context").children[1].textContent = isOn() ? "context ON" : "context OFF";
    showCode();
}

function showCode() {
    $("code-on").classList.toggle("chosen", isOn());
    $("code-off").classList.toggle("chosen", !isOn());
}

function show() {
    $("cancel").disabled = running.length === 0;
    $("hint").textContent = running.length > 4
        ? "A browser keeps to 6 connections to one server: the next ones wait in it."
        : "";
}

const acts = {
    start: ["s", start], cancel: ["c", cancel], page: ["t", page],
    kill: ["k", () => send("kill")], storm: ["m", () => send("storm")], context: ["o", toggle],
};
for (const [id, [, act]] of Object.entries(acts))
    $(id).onclick = act;
addEventListener("keydown", event => {
    const found = Object.values(acts).find(([key]) => key === event.key.toLowerCase());
    if (found && !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey && event.target.tagName !== "INPUT")
        found[1]();
});
showCode();
