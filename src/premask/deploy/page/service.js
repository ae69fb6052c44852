// The page of premask serve: send an image, show what comes back. No framework, no other host.

const find = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const data = (kind, text) => `data:image/${kind};base64,${text}`;

let shown = null;
let latest = 0;

function tell(line, wrong = false) {
  find("state").textContent = line;
  find("state").classList.toggle("wrong", wrong);
}

async function describe() {
  const reply = await fetch("/api/model");
  if (!reply.ok) {
    tell((await reply.json()).detail, true);
    return;
  }
  const model = await reply.json();
  const names = model.phases.map((phase) => phase.name).join(", ");
  find("model").textContent =
    `${model.architecture} ${model.encoder}: ${names} (model ${model.sha256.slice(0, 12)})`;
}

async function send(file) {
  const number = ++latest;
  tell(`${file.name} is being labelled`);
  find("result").hidden = true;
  try {
    const reply = await fetch("/api/predict", { method: "POST", body: file });
    const answer = await reply.json();
    if (number !== latest) return; // another image was chosen since
    if (!reply.ok) {
      tell(`${file.name}: ${answer.detail}`, true);
      return;
    }
    show(file.name, answer);
  } catch {
    if (number === latest) tell("the service does not answer; try again", true);
  }
}

function show(name, answer) {
  shown = answer;
  tell(name);
  find("photo").src = data("jpeg", answer.preview);
  find("photo").alt = `micrograph ${name}`;
  const rows = answer.phases.map((phase) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const mark = document.createElement("i");
    mark.style.background = phase.colour;
    head.append(mark, phase.name);
    const share = document.createElement("td");
    share.textContent = percent(phase.fraction);
    row.append(head, share);
    return row;
  });
  find("phases").replaceChildren(...rows);
  find("size").textContent = `${answer.width} × ${answer.height} px`;
  find("confidence").textContent = percent(answer.mean_confidence);
  find("time").textContent = `${answer.seconds.toFixed(2)} s`;
  const stem = name.replace(/\.[^.]*$/, "");
  for (const [id, key, ending] of [
    ["get-labels", "label_map", ""],
    ["get-confidence", "confidence_map", "-confidence"],
  ]) {
    find(id).href = data("png", answer[key]);
    find(id).download = `${stem}${ending}.png`;
  }
  overlay();
  find("result").hidden = false;
}

function overlay() {
  const view = find("view").value;
  find("labels").src = data("png", shown[view]);
  find("labels").alt = view === "label_map" ? "label map" : "confidence map";
  find("labels").style.opacity = find("opacity").value / 100;
}

find("file").addEventListener("change", () => {
  if (find("file").files.length) send(find("file").files[0]);
});
for (const id of ["view", "opacity"]) find(id).addEventListener("input", () => shown && overlay());
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the field must not replace the page
    find("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });
}
describe();
