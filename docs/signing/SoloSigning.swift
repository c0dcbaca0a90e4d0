// Signs requests to Solo, as docs/signing.md says. iOS 15, macOS 12 or newer, nothing else. With main.swift it is a
// command (swiftc SoloSigning.swift main.swift -o solo-signing):
//
//     ./solo-signing vectors vectors.json
//     ./solo-signing METHOD URL [JSON]
//
// The second needs CLIENT_APP_KEY, CLIENT_APP_SECRET and, where there is a login, CLIENT_TOKEN in the environment.

import CryptoKit
import Foundation

enum SoloSigning {
    static let toSignAnew: Set<String> = ["CLOCK_SKEW", "NONCE_STORE_RENEWED"]
    static let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    /// Return the text that is signed. Path and query are given as they are sent.
    static func canonicalRequest(_ method: String, _ path: String, _ query: String, _ body: Data, _ timestamp: String,
                                 _ nonce: String, _ token: String) -> String {
        let lines = ["SOLO2-HMAC-SHA256", method.uppercased(), encode(path, unreserved.union("/".utf8))]
        let digest = hex(SHA256.hash(data: body))
        return (lines + [canonicalQuery(query), digest, timestamp, nonce, token]).joined(separator: "\n")
    }

    /// Return the query with its pairs encoded anew and sorted, by name and then by value.
    static func canonicalQuery(_ query: String) -> String {
        let pairs = query.split(separator: "&").map { pair -> String in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) + [""]
            let encoded = parts.prefix(2).map { encode($0.replacingOccurrences(of: "+", with: " "), unreserved) }
            return encoded.joined(separator: "\n")  // which is before all that is in them
        }
        let sorted = pairs.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return sorted.map { $0.replacingOccurrences(of: "\n", with: "=") }.joined(separator: "&")
    }

    /// Return the bytes that a text stands for, with %XX for all but those kept.
    static func encode(_ text: String, _ kept: Set<UInt8>) -> String {
        var bytes = Array(text.utf8)[...], encoded = ""
        while var byte = bytes.popFirst() {
            let digits = String(decoding: bytes.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), let decoded = UInt8(digits, radix: 16) {
                byte = decoded
                bytes = bytes.dropFirst(2)
            }
            encoded += kept.contains(byte) ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }
        return encoded
    }

    /// Return what goes into X-Sign.
    static func sign(_ canonical: String, _ secret: String) -> String {
        hex(HMAC<SHA256>.authenticationCode(for: Data(canonical.utf8), using: SymmetricKey(data: Data(secret.utf8))))
    }

    static func hex<Bytes: Sequence>(_ bytes: Bytes) -> String where Bytes.Element == UInt8 {
        bytes.map { String(format: "%02x", $0) }.joined()
    }

    /// Return 36 characters that nobody can foresee.
    static func makeNonce() -> String { UUID().uuidString }
}

/// `code` is the HTTP status, `status` the word for programs in the body.
struct Answer { let code: Int, status: String, body: String, headers: HTTPURLResponse }

/// Sends signed requests; `address` is such as https://api.example.com.
final class SoloClient {
    let address: String, appKey: String, secret: String, token: String
    var offset = 0.0  // seconds that the server's clock is ahead of ours

    init(_ address: String, _ appKey: String, _ secret: String, _ token: String = "") {
        (self.address, self.appKey, self.secret, self.token) = (address, appKey, secret, token)
    }

    /// Send a request, and once more, signed anew, where the server says that this helps.
    func request(_ method: String, _ path: String, _ query: String = "", json: String = "",
                 idempotencyKey: String = "") async throws -> Answer {
        let fresh = ["GET", "HEAD"].contains(method.uppercased()) ? "" : SoloSigning.makeNonce()
        let key = idempotencyKey.isEmpty ? fresh : idempotencyKey
        let answer = try await send(method.uppercased(), path, query, json, key)
        func header(_ name: String) -> Double? { answer.headers.value(forHTTPHeaderField: name).flatMap(Double.init) }
        guard SoloSigning.toSignAnew.contains(answer.status) || answer.code == 503 else { return answer }
        if SoloSigning.toSignAnew.contains(answer.status), let serverTime = header("X-Server-Time") {
            offset = serverTime - Date().timeIntervalSince1970
        }
        if answer.status != "CLOCK_SKEW" {  // timers may be early
            try await Task.sleep(nanoseconds: UInt64(((header("Retry-After") ?? 1) + 0.1) * 1e9))
        }
        return try await send(method.uppercased(), path, query, json, key)
    }

    private func send(_ method: String, _ path: String, _ query: String, _ json: String,
                      _ key: String) async throws -> Answer {
        let timestamp = String(Int(Date().timeIntervalSince1970 + offset)), nonce = SoloSigning.makeNonce()
        let canonical = SoloSigning.canonicalRequest(method, path, query, Data(json.utf8), timestamp, nonce, token)
        let headers = ["X-App-Key": appKey, "X-Timestamp": timestamp, "X-Nonce": nonce, "token": token,
                       "X-Sign": SoloSigning.sign(canonical, secret), "Idempotency-Key": key,
                       "Content-Type": json.isEmpty ? "" : "application/json"]
        var request = URLRequest(url: URL(string: address + path + (query.isEmpty ? "" : "?" + query))!)
        (request.httpMethod, request.httpBody) = (method, json.isEmpty ? nil : Data(json.utf8))
        request.timeoutInterval = 10
        for (name, value) in headers where !value.isEmpty { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request, delegate: NoRedirect())
        let text = String(decoding: data, as: UTF8.self), http = response as! HTTPURLResponse
        let found = text.range(of: #""status": *"\w+""#, options: .regularExpression)
        let status = found.flatMap { text[$0].split(separator: "\"").last } ?? ""
        return Answer(code: http.statusCode, status: String(status), body: text, headers: http)
    }
}

/// What is at another address needs another signature.
final class NoRedirect: NSObject, URLSessionTaskDelegate {
    func urlSession(_: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
                    newRequest _: URLRequest) async -> URLRequest? { nil }
}
