// make_seeds FOLDER: writes FOLDER/<target>/<name>, the inputs from which each fuzz target starts.
//
// They are what honest members, hubs and users write, made by tests/support of fixed names: the
// same files each time. What a fuzzer found later stands beside them under names of its own.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/crypto/signer.h"
#include "core/exchange/kinds.h"
#include "core/exchange/seal.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/proof.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"

namespace chancery::fuzz {
namespace {

using namespace std::string_literals;

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream file(folder_ / target / name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path folder_;
};

// The choice of a target's first byte.
std::string choose(std::size_t which) {
  return std::string(1, static_cast<char>(which));
}

std::string number(std::uint64_t value) {
  return to_string(u64_be(value));
}

void add_texts(const Corpus& corpus) {
  corpus.add("encoding", "hex", "00ff10abcdef");
  corpus.add("encoding", "hash", hex(test::signing_public("hub log 1").id()));
  corpus.add("encoding", "base64-one-pad", "Zm9vYmE=");
  corpus.add("encoding", "base64-two-pads", "Zm9vYg==");
  corpus.add("encoding", "decimal-largest", "18446744073709551615");
  corpus.add("encoding", "uuid", uuid_text(as_bytes(test::seeded_uuid("notice", 1))));
  corpus.add("encoding", "utf8-of-each-length", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");

  int count = 0;
  for (const char* const endpoint :
       {"tcp://127.0.0.1:7411", "tcp://*:*", "tcp://[::1]:65535", "tcp://hub.example.org:1",
        "ipc:///run/chancery/node.sock", "tcp://[fe80::1%eth0]:7411", "tcp://10.0.0:80"}) {
    corpus.add("endpoint", "endpoint-" + std::to_string(++count), endpoint);
  }
  count = 0;
  for (const char* const time :
       {"2026-03-01", "2026-03-01T08:30Z", "2026-03-01T08:30:00Z", "2026-03-01T08:30:00.123456Z",
        "1970-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999-23:59", "2024-02-29 00:00z", "500ms",
        "90s", "90", "15m", "2h", "3660d"}) {
    corpus.add("times", "time-" + std::to_string(++count), time);
  }
  corpus.add("json", "notice",
             R"({"kind":"contact","to":["BY","RU"],"clear":true,"content":{"summary":"é€"}})");
  corpus.add("json", "numbers", R"([0,-1,18446744073709551615,1.5e300,-0.0,1e-7,null,false])");
  corpus.add("json", "escapes", R"({"\u0000\ud83d\ude00\n":"\u202e\u001b[31m\\\""})");
  corpus.add("json", "nested", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
  std::string line = choose(1) + number(7);
  put_chunk(line, "entry-logged");
  put_chunk(line, "member");
  corpus.add("log_line", "plain", line + "Fleet \"A\" = 1");
  corpus.add("log_line", "hostile", line + "\x1b[2J\r\n\xe2\x80\xae\xc2\x9b\xff\xf0\x9f\x98\x80");
  corpus.add("log_line", "long", line + std::string(600, 'x'));
}

void add_keys(const Corpus& corpus) {
  const crypto::PublicKey signing = test::signing_public("AM authority");
  const crypto::PublicKey agreement = test::agreement_public("AM node 1 sealing");
  corpus.add("keys", "raw-ed25519", choose(0) + to_string(signing.raw()));
  corpus.add("keys", "raw-x25519", choose(1) + to_string(agreement.raw()));
  corpus.add("keys", "spki-ed25519", choose(2) + signing.spki());
  corpus.add("keys", "spki-x25519", choose(2) + agreement.spki());
  corpus.add("keys", "pem-ed25519", choose(3) + test::signing_private("AM authority").to_pem());
  corpus.add("keys", "pem-x25519", choose(3) + test::agreement_private("a transport key").to_pem());
  corpus.add("keys", "raw-small-order", choose(1) + std::string(32, '\0'));
}

void add_ledger(const Corpus& corpus) {
  const ledger::Leaf leaf{.type = ledger::LeafType::kDirectory,
                          .accepted_at_ms = 1'700'000'000'000,
                          .directory = test::signing_public("hub log 1").id(),
                          .entry = test::signing_public("AM authority").id()};
  corpus.add("leaf", "directory", as_view(ledger::encode(leaf)));

  ledger::CompactTree tree;
  for (std::uint64_t i = 0; i < 7; ++i) {
    tree.append(ledger::leaf_hash(u64_be(i)));
    corpus.add("tree", "size-" + std::to_string(i + 1),
               number(tree.size()) + choose(9) + tree.edge_bytes());
  }
  corpus.add("tree", "empty", number(0) + choose(3));

  const std::vector<std::string> log_key = {"hub log 1"};
  const ledger::Checkpoint checkpoint{
      .origin = "chancery.test/trial", .size = tree.size(), .root = tree.root()};
  const std::string body = ledger::checkpoint_body(checkpoint);
  corpus.add("checkpoint", "size-7", body);
  corpus.add("checkpoint", "size-0",
             ledger::checkpoint_body(
                 {.origin = "chancery.test/trial", .size = 0, .root = ledger::tree_root({})}));
  corpus.add("note", "signed",
             choose(0) + test::signed_checkpoint(checkpoint.origin, checkpoint.size,
                                                 checkpoint.root, log_key));
  const ledger::NoteKey witness{.name = "AM",
                                .type = ledger::kNoteCosignature,
                                .key = test::signing_public("AM node 1 witness")};
  const std::string cosigned =
      test::must(test::key_signer("AM node 1 witness")
                     ->sign(as_bytes(ledger::cosignature_message(1'700'000'000, body))));
  corpus.add("note", "cosigned",
             choose(0) + body + "\n" +
                 ledger::cosignature_line(witness, 1'700'000'000, as_bytes(cosigned)));
  corpus.add("note", "verifier-key", choose(1) + witness.format());
  corpus.add("note", "to-sign", choose(2) + body);
  corpus.add("note", "to-sign-other-origin",
             choose(2) + ledger::checkpoint_body({.origin = "elsewhere", .size = 1, .root = {}}));

  std::vector<Hash> leaves;
  leaves.reserve(11);
  for (std::uint64_t i = 0; i < 11; ++i) {
    leaves.push_back(ledger::leaf_hash(u64_be(i)));
  }
  const auto joined = [](const std::vector<Hash>& hashes) {
    std::string bytes;
    for (const Hash& hash : hashes) {
      bytes += as_view(hash);
    }
    return bytes;
  };
  corpus.add("proof", "inclusion",
             choose(0) + number(4) + number(11) + to_string(leaves[4]) +
                 joined(ledger::inclusion_proof(leaves, 4)));
  corpus.add("proof", "consistency",
             choose(1) + number(6) + number(11) +
                 to_string(ledger::tree_root(std::span(leaves).first(6))) +
                 to_string(ledger::tree_root(leaves)) +
                 joined(ledger::consistency_proof(leaves, 6)));
  corpus.add("proof", "honest-inclusion", "\x02\x0a\x04"s);
  corpus.add("proof", "spoilt-inclusion", "\x02\x0a\x04\x00\x01\x05"s);
  corpus.add("proof", "honest-consistency", "\x03\x0a\x06"s);
  corpus.add("proof", "spoilt-consistency", "\x03\x0a\x06\x01\x00\x00"s);
}

// A message of each sort, as wire.cpp orders them.
void add_wire(const Corpus& corpus) {
  test::TestExchange exchange;
  test::TestLog log(exchange);
  log.found();
  const std::string envelope =
      exchange.publish(exchange.draft("AM", {"BY", "RU"}), "text", exchange.directory());
  const exchange::Envelope parsed = exchange.parse(envelope);
  const auto add = [&](const std::string& name, std::size_t which, std::string_view bytes) {
    corpus.add("wire", name, choose(which) + choose(1) + std::string(bytes));
  };
  v1::UpMessage up;
  up.mutable_hello()->set_protocol(1);
  up.mutable_hello()->set_genesis(to_string(exchange.genesis()));
  up.mutable_hello()->set_cursor(7);
  *up.mutable_hello()->mutable_followed() = exchange::tree_head(log.size(), log.tree().root());
  up.mutable_hello()->mutable_credits()->set_items(1024);
  up.mutable_hello()->set_program("chancery-node");
  add("up-hello", 0, up.SerializeAsString());
  up.mutable_submit()->add_envelopes(envelope);
  add("up-submit", 0, up.SerializeAsString());
  v1::DownMessage down;
  *down.mutable_batches()->add_batches() = log.batches().back();
  down.mutable_batches()->set_log_size(log.size());
  add("down-batches", 1, down.SerializeAsString());
  v1::RefusedItem& refused = *down.mutable_refused()->add_items();
  refused.set_notice_id(parsed.draft.notice_id());
  refused.set_code(12);
  refused.set_text("why");
  add("down-refused", 1, down.SerializeAsString());
  v1::LocalRequest request;
  request.set_request_id(1);
  request.mutable_publish()->set_notice_id(parsed.draft.notice_id());
  request.mutable_publish()->set_kind("threat.alert");
  request.mutable_publish()->mutable_label()->add_handling("MEMBERS-ONLY");
  add("local-publish", 2, request.SerializeAsString());
  request.mutable_inbox()->mutable_filter()->add_kinds("threat.*");
  add("local-inbox", 2, request.SerializeAsString());
  v1::LocalReply reply;
  reply.mutable_inbox()->add_items()->set_draft(parsed.header.draft());
  add("local-reply", 3, reply.SerializeAsString());
  v1::AdminRequest admin;
  admin.mutable_submit_entry()->set_envelope(exchange.founding_entries().back());
  add("admin-submit", 4, admin.SerializeAsString());
  v1::AdminReply page;
  *page.mutable_audit_page()->add_batches() = log.audit_batches().back();
  add("admin-page", 5, page.SerializeAsString());
  v1::FoundingFile founding;
  founding.add_entries(exchange.founding_entries().back());
  add("founding", 6, founding.SerializeAsString());
  add("envelope", 7, envelope);
  add("header", 8, parsed.header_bytes);
  add("draft", 9, parsed.header.draft());
  add("body", 10, parsed.body_bytes);
  add("signatures", 11, parsed.signatures_bytes);
  add("directory-entry", 12, exchange.parse(exchange.founding_entries().front()).body.clear());
  v1::Text text;
  text.set_subject("subject");
  text.add_attachments()->set_name("map.png");
  add("text", 13, text.SerializeAsString());
}

void add_contents(const Corpus& corpus) {
  std::size_t which = 0;
  for (const exchange::KindInfo& info : exchange::kinds()) {
    corpus.add("text", "json-" + std::string(info.kind), choose(which++) + choose(2) + "{}");
  }
  const auto index_of = [](std::string_view kind) {
    return static_cast<std::size_t>(exchange::find_kind(kind) - exchange::kinds().data());
  };
  v1::ThreatAlert alert;
  alert.set_category(v1::THREAT_CATEGORY_CYBER);
  alert.set_summary("summary");
  alert.add_areas("area");
  v1::Text text;
  text.set_subject("subject");
  text.set_content(alert.SerializeAsString());
  corpus.add("text", "threat-alert",
             choose(index_of("threat.alert")) + choose(0) + text.SerializeAsString());
  v1::Statement statement;
  statement.set_peer("BY");
  statement.mutable_received()->set_count(3);
  statement.add_early()->set_index(9);
  corpus.add("text", "statement",
             choose(index_of("statement")) + choose(1) + statement.SerializeAsString());
  corpus.add(
      "text", "json-of-consultation",
      choose(index_of("consultation.open")) + choose(2) +
          R"({"question":"q","participants":["AM","BY"],"deadline_ms":"1700000000000",)"
          R"("rule":"CONSULTATION_RULE_MAJORITY","majority":4,"reservations_allowed":true})");
  corpus.add("text", "json-of-assistance",
             choose(index_of("assistance.request")) + choose(2) +
                 R"({"situation":"s","items":[{"item":"tent","quantity":"200","unit":"1"}]})");
  corpus.add("padding", "padded",
             test::must(exchange::pad_text(std::string(exchange::kTextSaltBytes, 's'), "a text")));
  corpus.add("padding", "padded-large",
             test::must(exchange::pad_text(std::string(exchange::kTextSaltBytes, 's'),
                                           std::string(4100, 't'))));
}

}  // namespace
}  // namespace chancery::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_seeds FOLDER\n", stderr);
    return 64;
  }
  const chancery::fuzz::Corpus corpus(argv[1]);
  chancery::fuzz::add_texts(corpus);
  chancery::fuzz::add_keys(corpus);
  chancery::fuzz::add_ledger(corpus);
  chancery::fuzz::add_wire(corpus);
  chancery::fuzz::add_contents(corpus);
  return 0;
}
