// The command line of SoloSigning.swift; an app does without it.

import Foundation

struct Vector: Decodable {
    let name, method, path, query, timestamp, nonce, token, secret, canonical_request, signature: String
    let body: String?
    let body_base64: Data?
}

func checkVectors(_ file: String) throws -> String {
    let parts = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
    for v in parts.version_2 {
        let body = v.body.map { Data($0.utf8) } ?? v.body_base64!
        let made = SoloSigning.canonicalRequest(v.method, v.path, v.query, body, v.timestamp, v.nonce, v.token)
        let holds = made == v.canonical_request && SoloSigning.sign(made, v.secret) == v.signature
        if !holds { fatalError("differs: \(v.name)\n\(made)") }
    }
    return "\(parts.version_2.count) vectors hold"
}

struct Vectors: Decodable { let version_2: [Vector] }

func sendRequest(_ method: String, _ url: String, _ json: String) async throws -> String {
    let target = URLComponents(string: url)!, environment = ProcessInfo.processInfo.environment
    let address = "\(target.scheme!)://\(target.host!)" + (target.port.map { ":\($0)" } ?? "")
    let client = SoloClient(address, environment["CLIENT_APP_KEY"]!, environment["CLIENT_APP_SECRET"]!,
                            environment["CLIENT_TOKEN"] ?? "")
    client.offset = Double(environment["CLIENT_CLOCK_OFFSET"] ?? "0")!  // for tests: as if the clock were wrong
    let query = target.percentEncodedQuery ?? ""
    let answer = try await client.request(method, target.percentEncodedPath, query, json: json)
    return "\(answer.code) \(answer.status)\n\(answer.body)"
}

let arguments = CommandLine.arguments.dropFirst() + [""]
let (command, rest) = (arguments[1], Array(arguments[2...]))
print(try await command == "vectors" ? checkVectors(rest[0]) : sendRequest(command, rest[0], rest[1]))
