// Signs requests to Solo, as docs/signing.md says. Java 17 or newer, nothing else.
//     java SoloSigning.java vectors < lines    (see checkVectors)
//     java SoloSigning.java METHOD URL [JSON]
// The second needs CLIENT_APP_KEY, CLIENT_APP_SECRET and, where there is a login, CLIENT_TOKEN in the environment.

import static java.nio.charset.StandardCharsets.*;
import java.io.*;
import java.net.*;
import java.net.http.*;
import java.security.*;
import java.time.Duration;
import java.util.*;
import java.util.stream.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class SoloSigning {
    static final Set<String> TO_SIGN_ANEW = Set.of("CLOCK_SKEW", "NONCE_STORE_RENEWED");

    /** Return the text that is signed. Path and query are given as they are sent. */
    static String canonicalRequest(String method, String path, String query, byte[] body, String timestamp,
            String nonce, String token) throws GeneralSecurityException {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(body);
        return String.join("\n", "SOLO2-HMAC-SHA256", method.toUpperCase(Locale.ROOT), encode(path, "-._~/"),
                canonicalQuery(query), HexFormat.of().formatHex(digest), timestamp, nonce, token);
    }

    /** Return the query with its pairs encoded anew and sorted, by name and then by value. */
    static String canonicalQuery(String query) {
        return Stream.of(query.split("&")).filter(pair -> !pair.isEmpty())
                .map(pair -> (pair.replace("+", " ") + (pair.contains("=") ? "" : "=")).split("=", 2))
                .map(pair -> encode(pair[0], "-._~") + "\n" + encode(pair[1], "-._~")).sorted() // \n is before all
                .map(pair -> pair.replace("\n", "=")).collect(Collectors.joining("&"));
    }

    /** Return the bytes that a text stands for, with %XX for all but letters, digits and those kept. */
    static String encode(String text, String kept) {
        String bytes = new String(text.getBytes(UTF_8), ISO_8859_1).replace("+", "%2B"); // one character for each byte
        String decoded = URLDecoder.decode(bytes, ISO_8859_1);
        return decoded.chars().mapToObj(one -> one < 128 && Character.isLetterOrDigit(one) || kept.indexOf(one) >= 0
                ? Character.toString(one) : String.format("%%%02X", one)).collect(Collectors.joining());
    }

    /** Return what goes into X-Sign. */
    static String sign(String canonical, String secret) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
        return HexFormat.of().formatHex(mac.doFinal(canonical.getBytes(UTF_8)));
    }

    /** Return 36 characters that nobody can foresee. */
    static String makeNonce() { return UUID.randomUUID().toString(); }
    static double now() { return System.currentTimeMillis() / 1000.0; }

    /** {@code code} is the HTTP status, {@code status} the word for programs in the body. */
    record Answer(int code, String status, String body, HttpHeaders headers) {}

    /** Sends signed requests; {@code address} is such as https://api.example.com; no text is null. */
    static final class SoloClient {
        final HttpClient http = HttpClient.newHttpClient(); // follows no redirect
        final String address, appKey, secret, token;
        double offset; // seconds that the server's clock is ahead of ours
        SoloClient(String address, String appKey, String secret, String token) {
            this.address = address; this.appKey = appKey; this.secret = secret; this.token = token;
        }

        /** Send a request, and once more, signed anew, where the server says that this helps. */
        Answer request(String method, String path, String query, String json, String idempotencyKey) throws Exception {
            String verb = method.toUpperCase(Locale.ROOT), fresh = verb.matches("GET|HEAD") ? "" : makeNonce();
            String key = idempotencyKey.isEmpty() ? fresh : idempotencyKey;
            Answer answer = send(verb, path, query, json, key);
            if (!TO_SIGN_ANEW.contains(answer.status) && answer.code != 503) return answer;
            if (TO_SIGN_ANEW.contains(answer.status))
                offset = answer.headers.firstValueAsLong("X-Server-Time").getAsLong() - now();
            if (!answer.status.equals("CLOCK_SKEW"))
                Thread.sleep(1000 * answer.headers.firstValueAsLong("Retry-After").orElse(1) + 100); // may be early
            return send(verb, path, query, json, key);
        }

        private Answer send(String method, String path, String query, String json, String key) throws Exception {
            String timestamp = String.valueOf((long) (now() + offset)), nonce = makeNonce();
            byte[] body = json.getBytes(UTF_8);
            String signature = sign(canonicalRequest(method, path, query, body, timestamp, nonce, token), secret);
            var headers = Map.of("X-App-Key", appKey, "X-Timestamp", timestamp, "X-Nonce", nonce, "X-Sign", signature,
                    "token", token, "Idempotency-Key", key, "Content-Type", json.isEmpty() ? "" : "application/json");
            var request = HttpRequest.newBuilder(URI.create(address + path + (query.isEmpty() ? "" : "?" + query)))
                    .timeout(Duration.ofSeconds(10)).method(method, HttpRequest.BodyPublishers.ofByteArray(body));
            headers.forEach((name, value) -> { if (!value.isEmpty()) request.header(name, value); });
            var response = http.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
            String status = response.body().replaceFirst("(?s).*?\"status\": *\"(\\w+)\".*|.*", "$1");
            return new Answer(response.statusCode(), status, response.body(), response.headers());
        }
    }

    /** Each line: name, method, path, query, body (Base64), timestamp, nonce, token, secret, signature; with tabs. */
    static String checkVectors(List<String> lines) throws GeneralSecurityException {
        for (String line : lines) {
            String[] v = line.split("\t", -1);
            String made = canonicalRequest(v[1], v[2], v[3], Base64.getDecoder().decode(v[4]), v[5], v[6], v[7]);
            if (!sign(made, v[8]).equals(v[9])) throw new AssertionError("differs: " + v[0] + "\n" + made);
        }
        return lines.size() + " vectors hold";
    }

    static String sendRequest(URI url, String method, String json) throws Exception {
        var is = System.getenv();
        var client = new SoloClient(url.getScheme() + "://" + url.getRawAuthority(), is.get("CLIENT_APP_KEY"),
                is.get("CLIENT_APP_SECRET"), is.getOrDefault("CLIENT_TOKEN", ""));
        client.offset = Double.parseDouble(is.getOrDefault("CLIENT_CLOCK_OFFSET", "0")); // for tests: a wrong clock
        Answer answer = client.request(method, url.getRawPath(), Objects.toString(url.getRawQuery(), ""), json, "");
        return answer.code + " " + answer.status + "\n" + answer.body;
    }

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        String said = args[0].equals("vectors") ? checkVectors(in.lines().toList())
                : sendRequest(URI.create(args[1]), args[0], args.length > 2 ? args[2] : "");
        new PrintStream(System.out, true, UTF_8).println(said);
    }
}
