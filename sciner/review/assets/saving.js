// Saves sentences on the server, one request after the other until nothing is left, and hears of other tabs.
const RETRY = 2000; // milliseconds until what could not be saved is sent again
const SILENCE = "sciner review does not answer. Leave this page open; is it still running in the terminal?";

// on: which review this is (file), and what to do when saving has begun, all is saved, one failed; when another tab's
// state replaces one that could not be saved, or is heard of; when other tabs are there, or gone
export function saver(on) {
  const tabs = new BroadcastChannel("sciner-review"), unsaved = new Set();
  const say = (words) => tabs.postMessage({ file: on.file(), ...words });
  let sending = false;

  async function post(one) {
    const { id, tokens, spans, done, seconds, revision } = one;
    let response, answer;
    try {
      const body = JSON.stringify({ file: on.file(), id, tokens, spans, done, seconds, revision });
      response = await fetch("save", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      answer = await response.json();
    } catch {
      return on.failed(SILENCE);
    }
    if (response.ok) {
      one.revision = answer.revision;
      say({ id, state: { spans, done, seconds, revision: answer.revision } });
      if (!unsaved.size) on.saved();
    } else if (response.status === 409) {
      const { error, ...state } = answer;
      unsaved.delete(one); // what was changed meanwhile is older too
      on.replaced(id, state);
    } else {
      return on.failed(answer.error);
    }
    return true;
  }

  async function send() {
    sending = true;
    while (unsaved.size) {
      const [one] = unsaved;
      unsaved.delete(one);
      if (!(await post(one))) {
        unsaved.add(one);
        await new Promise((after) => setTimeout(after, RETRY));
      }
    }
    sending = false;
  }

  tabs.onmessage = ({ data }) => {
    if (data.file !== on.file()) return; // a tab of another review
    if (data.tab === "gone") return on.others(false);
    if (data.tab === "opened") say({ tab: "here" });
    if (data.tab) return on.others(true);
    if (![...unsaved].some((one) => one.id === data.id)) on.heard(data.id, data.state);
  };
  addEventListener("pagehide", () => say({ tab: "gone" }));

  return {
    save(one) {
      unsaved.add(one);
      if (sending) return;
      on.begun();
      send();
    },
    pending: () => sending || unsaved.size > 0,
    greet: () => say({ tab: "opened" }),
  };
}
