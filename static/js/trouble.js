// What stands between an answer and the server, in one sentence, and the way past an expired login.

const KINDS = { offline: "offline", server: "trouble", login: "login", somebody: "somebody" }; // the sentence of each
const LOGIN_WINDOW = "plumbline-login";

// This page was opened only to log in, and whoever opened it goes on from here.
if (window.name === LOGIN_WINDOW && window.opener) window.close();

export class Trouble {
  constructor({ notice, text, login }) {
    this.notice = notice;
    this.text = text;
    this.login = login;
  }

  /** Say it; false, because whatever was asked for did not come. */
  tell(kind) {
    const href = `${this.login}?next=${encodeURIComponent(location.pathname)}`;
    const logIn = { label: this.text("logIn"), href, press: openLogin };
    this.notice.set(kind, this.text(KINDS[kind]), ["login", "somebody"].includes(kind) ? [logIn] : []);
    return false;
  }

  get isThere() { return Object.keys(KINDS).some((kind) => this.notice.said.has(kind)); }

  isOver() { this.notice.clear(...Object.keys(KINDS)); }
}

/** In a window of its own, so that the page stays as it is; where none may open, the link is followed and comes back. */
function openLogin(event) {
  const opened = window.open(event.currentTarget.href, LOGIN_WINDOW, "popup,width=520,height=720");
  if (opened) event.preventDefault();
}
