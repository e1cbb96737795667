// Where comparisons held ahead lie between two visits to the page: IndexedDB, because fifty of them would fill the
// small storage that the answers need. Whatever fails here costs a request, never an answer.

const NAME = "plumbline-reserve";
const STORE = "comparisons";

function asPromise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function openDatabase() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" }).createIndex("shelf", "shelf");
  return asPromise(request);
}

export class Shelf {
  /** `name` says whose they are, of which project, in which language. */
  constructor(name) {
    this.name = name;
    this.database = null;
  }

  async store(mode) {
    this.database ??= openDatabase();
    return (await this.database).transaction(STORE, mode).objectStore(STORE);
  }

  async all() {
    try { return await asPromise((await this.store("readonly")).index("shelf").getAll(this.name)); } catch { return []; }
  }

  async put(item) {
    try { (await this.store("readwrite")).put({ ...item, key: `${this.name}:${item.id}`, shelf: this.name }); } catch { /* in memory alone */ }
  }

  async drop(id) {
    try { (await this.store("readwrite")).delete(`${this.name}:${id}`); } catch { /* it was in memory alone */ }
  }
}
