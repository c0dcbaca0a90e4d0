// Signs requests to Solo, as docs/signing.md says. For browsers (on HTTPS or localhost) and Node 18 or newer.
//
//     node solo-signing.mjs vectors vectors.json
//     node solo-signing.mjs METHOD URL [JSON]
//
// The second needs CLIENT_APP_KEY, CLIENT_APP_SECRET and, where there is a login, CLIENT_TOKEN in the environment.

const crypto = globalThis.crypto ?? (await import("node:crypto")).webcrypto; // Node 18 has it there
const TO_SIGN_ANEW = ["CLOCK_SKEW", "NONCE_STORE_RENEWED"];
const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Return the text that is signed. Path and query are given as they are sent, the body as bytes. */
export async function canonicalRequest(method, path, query, body, timestamp, nonce, token) {
  const digest = hex(await crypto.subtle.digest("SHA-256", body));
  const lines = ["SOLO2-HMAC-SHA256", method.toUpperCase(), encode(path, /[A-Za-z0-9\-._~/]/), canonicalQuery(query)];
  return [...lines, digest, timestamp, nonce, token].join("\n");
}

/** Return the query with its pairs encoded anew and sorted, by name and then by value. */
export function canonicalQuery(query) {
  const pairs = query.split("&").filter(Boolean).map((pair) => {
    const [name, ...value] = pair.replaceAll("+", " ").split("=");
    return [name, value.join("=")].map((part) => encode(part, /[A-Za-z0-9\-._~]/));
  });
  const compare = (one, other) => (one < other ? -1 : Number(one > other));
  pairs.sort((one, other) => compare(one[0], other[0]) || compare(one[1], other[1]));
  return pairs.map((pair) => pair.join("=")).join("&");
}

/** Return the bytes that a text stands for, with %XX for all but those kept. */
function encode(text, kept) {
  const characters = String.fromCharCode(...utf8(text)); // one for each byte
  const decoded = characters.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  const escape = (one) => "%" + hex([one.charCodeAt(0)]).toUpperCase();
  return Array.from(decoded, (one) => (kept.test(one) ? one : escape(one))).join("");
}

/** Return what goes into X-Sign. */
export async function sign(canonical, secret) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(secret), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, utf8(canonical)));
}

/** Return 32 characters that nobody can foresee. */
export const makeNonce = () => hex(crypto.getRandomValues(new Uint8Array(16)));

/** Sends signed requests; address is such as https://api.example.com. */
export class SoloClient {
  constructor(address, appKey, secret, token = "") {
    Object.assign(this, { address, appKey, secret, token });
    this.offset = 0; // seconds that the server's clock is ahead of ours
  }

  /** Send a request, and once more, signed anew, where the server says that this helps. */
  async request(method, path, query = "", json = "", idempotencyKey = "") {
    const key = idempotencyKey || (["GET", "HEAD"].includes(method.toUpperCase()) ? "" : makeNonce());
    const answer = await this.#send(method.toUpperCase(), path, query, json, key);
    if (!TO_SIGN_ANEW.includes(answer.status) && answer.code !== 503) return answer;
    if (TO_SIGN_ANEW.includes(answer.status)) {
      this.offset = Number(answer.headers.get("X-Server-Time")) - Date.now() / 1000;
    }
    if (answer.status !== "CLOCK_SKEW") {
      const seconds = Number(answer.headers.get("Retry-After") ?? 1) + 0.1; // timers may be early
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
    return this.#send(method.toUpperCase(), path, query, json, key);
  }

  async #send(method, path, query, json, key) {
    const [body, nonce] = [utf8(json), makeNonce()];
    const timestamp = String(Math.floor(Date.now() / 1000 + this.offset));
    const canonical = await canonicalRequest(method, path, query, body, timestamp, nonce, this.token);
    const signature = await sign(canonical, this.secret);
    const headers = { "X-App-Key": this.appKey, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Sign": signature };
    if (this.token) headers.token = this.token;
    if (json) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const url = this.address + path + (query && `?${query}`);
    const options = { redirect: "error", signal: AbortSignal.timeout(10_000) };
    const response = await fetch(url, { method, headers, body: json ? body : undefined, ...options });
    const text = await response.text();
    const status = text.match(/"status": *"(\w+)"/)?.[1] ?? "";
    return { code: response.status, status, body: text, headers: response.headers };
  }
}

async function checkVectors(file) {
  const vectors = JSON.parse((await import("node:fs")).readFileSync(file, "utf8")).version_2;
  for (const v of vectors) {
    const body = "body" in v ? utf8(v.body) : Buffer.from(v.body_base64, "base64");
    const made = await canonicalRequest(v.method, v.path, v.query, body, v.timestamp, v.nonce, v.token);
    const holds = made === v.canonical_request && (await sign(made, v.secret)) === v.signature;
    if (!holds) throw new Error(`differs: ${v.name}\n${made}`);
  }
  return `${vectors.length} vectors hold`;
}

async function sendRequest(method, url, json) {
  const [target, environment] = [new URL(url), process.env];
  const keys = [environment.CLIENT_APP_KEY, environment.CLIENT_APP_SECRET, environment.CLIENT_TOKEN];
  const client = new SoloClient(target.origin, ...keys);
  client.offset = Number(environment.CLIENT_CLOCK_OFFSET ?? 0); // for tests: as if the clock were wrong
  const answer = await client.request(method, target.pathname, target.search.slice(1), json);
  return `${answer.code} ${answer.status}\n${answer.body}`;
}

if (globalThis.process?.argv?.[1]?.endsWith("solo-signing.mjs")) {
  const [command, ...rest] = process.argv.slice(2);
  console.log(await (command === "vectors" ? checkVectors(...rest) : sendRequest(command, ...rest)));
}
