// make_seeds FOLDER CONFIG: writes FOLDER/<target>/<name>, the inputs from which each fuzz target
// starts. CONFIG is the project's folder of examples, some of which become inputs.
//
// They are what honest members, hubs and users write, made by tests/support of fixed names: the
// same files each time. What a fuzzer found later stands beside them under names of its own.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/evidence.pb.h"
#include "chancery/v1/local.pb.h"
#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/crypto/signer.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "core/exchange/seal.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/proof.h"
#include "core/ledger/tiles.h"
#include "core/ledger/tlog_proof.h"
#include "core/ledger/witness.h"
#include "core/ledger/witness_policy.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"
#include "tests/support/wire_bytes.h"

namespace chancery::fuzz {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

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
  std::string commits = number(100);
  for (std::size_t i = 0; i < 6; ++i) {
    put_chunk(commits, std::string(2 * i + 1, 'p'));  // Odd: each is a commit.
  }
  corpus.add("wal", "commits", commits);
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
  const auto grown = [&](std::size_t old_size, const std::string& note) {
    return ledger::format_add_checkpoint({.old_size = old_size,
                                          .proof = ledger::consistency_proof(leaves, old_size),
                                          .checkpoint = note});
  };
  const ledger::Checkpoint whole{
      .origin = checkpoint.origin, .size = leaves.size(), .root = ledger::tree_root(leaves)};
  for (const std::size_t old_size : {0U, 6U, 8U, 11U}) {
    corpus.add("witness", "from-" + std::to_string(old_size),
               choose(old_size) + choose(1) + grown(old_size, ledger::checkpoint_body(whole)));
  }
  corpus.add("witness", "signed",
             choose(6) + choose(0) +
                 grown(6, test::signed_checkpoint(whole.origin, whole.size, whole.root, log_key)));
  corpus.add("witness", "fork",
             choose(11) + choose(1) +
                 grown(11, ledger::checkpoint_body(
                               {.origin = whole.origin, .size = 11, .root = leaves[0]})));
  corpus.add("proof", "honest-inclusion", "\x02\x0a\x04"s);
  corpus.add("proof", "spoilt-inclusion", "\x02\x0a\x04\x00\x01\x05"s);
  corpus.add("proof", "spoilt-above", "\x02\x0a\x04\x00\x03\x05"s);
  corpus.add("proof", "honest-consistency", "\x03\x0a\x06"s);
  corpus.add("proof", "spoilt-consistency", "\x03\x0a\x06\x01\x00\x00"s);
}

void add_tiles(const Corpus& corpus) {
  int count = 0;
  for (const char* const name : {"tile/0/000", "tile/63/x001/x234/067.p/255",
                                 "tile/entries/005.p/1", "tile/7/x018/x446/x744/x073/x709/x551/615",
                                 "tile/0/x000/001", "tile/0/000.p/0", "tile/64/000"}) {
    corpus.add("tiles", "name-" + std::to_string(++count), choose(0) + name);
  }
  std::string bundle;
  std::string leaves;
  for (std::uint64_t i = 0; i < ledger::kTileWidth; ++i) {
    test::must(ledger::append_entry(i < 8 ? bundle : leaves, as_bytes(std::string(i % 7, 'e'))));
  }
  corpus.add("tiles", "bundle-8", choose(1) + choose(7) + bundle);
  corpus.add("tiles", "bundle-7-and-more", choose(1) + choose(6) + bundle);
  corpus.add("tiles", "bundle-256", choose(1) + choose(255) + bundle + leaves);
  for (const std::uint64_t size : {0U, 1U, 255U, 256U, 257U, 65'536U, 70'000U}) {
    corpus.add("tiles", "list-" + std::to_string(size), choose(2) + number(size) + number(0));
    corpus.add("tiles", "make-" + std::to_string(size),
               choose(3) + number(size) + choose(0) + choose(15) + "\x00\x02\x00\x02"s);
  }
  corpus.add("tiles", "list-since", choose(2) + number(65'530) + number(70'000));
  corpus.add("tiles", "list-largest",
             choose(2) + number(~std::uint64_t{0} - 900) + number(~std::uint64_t{0}));
  corpus.add("tiles", "list-bundles", choose(2) + number(700) + number(0) + choose(1));
  corpus.add("tiles", "make-all-levels",
             choose(3) + number((1U << 24U) - 2) + choose(0) + choose(3));
  corpus.add("tiles", "make-of-full-ones", choose(3) + number(70'000) + choose(0) + choose(3));
  corpus.add("tiles", "make-cut",
             choose(3) + number(70'000) + choose(0) + choose(3) + "\x02zz\x01"s);
}

void add_policies(const Corpus& corpus) {
  const std::vector<ledger::NoteKey> logs = {
      {.name = "chancery.test/trial", .key = test::signing_public("hub log 1")}};
  std::vector<ledger::NoteKey> witnesses;
  for (const char* const member : {"AM", "BY", "KZ", "RU"}) {
    witnesses.push_back({.name = member,
                         .type = ledger::kNoteCosignature,
                         .key = test::signing_public(member + " node 1 witness"s)});
  }
  const auto directory = test::must(ledger::WitnessPolicy::any_of(logs, witnesses, 3));
  const std::string text = directory.format();
  corpus.add("witness_policy", "of-a-directory", choose(0) + text);
  corpus.add("witness_policy", "none", choose(0) + "quorum none\n");
  corpus.add("witness_policy", "of-one", choose(0) + "# one\n" + text + "\n");
  corpus.add("witness_policy", "a-key-twice",
             choose(0) + text + text.substr(0, text.find('\n') + 1));
  // The words of witness_policy.cpp: a log, four witnesses, then groups and the quorum.
  const std::string defined = choose(1) + "\x1e\x1f\x20\x21\x22";
  const auto add = [&](const std::string& name, std::string_view rest) {
    corpus.add("witness_policy", name, defined + std::string(rest));
  };
  add("any", "\x05\x12\x09\x0e\x0f\x10\x00\x19"sv);
  add("all", "\x05\x12\x08\x0e\x0f\x00\x19"sv);
  add("two-of-three", "\x05\x12\x0b\x0e\x0f\x10\x00\x19"sv);
  add("nested", "\x05\x13\x0b\x0e\x0f\x10\x00\x05\x12\x0b\x13\x11\x00\x19"sv);
  add("a-member-twice", "\x05\x12\x0b\x0e\x0e\x00\x19"sv);
  add("asks-for-none", "\x05\x12\x0d\x0e\x00\x19"sv);
  add("asks-for-more", "\x05\x12\x0b\x0e\x00\x19"sv);
  add("two-quorums", "\x05\x12\x09\x0e\x00\x19\x06\x07\x00"sv);
  add("one-witness", "\x06\x0e\x00"sv);
  add("without-a-quorum", "\x05\x12\x09\x0e\x00"sv);
  add("a-name-twice", "\x05\x0e\x09\x0f\x00\x06\x07\x00"sv);
  add("a-member-of-itself", "\x05\x12\x09\x12\x0e\x00\x19"sv);
  add("of-the-other-type", "\x04\x13\x1b\x00\x06\x07\x00"sv);
  add("unfinished", "\x06\x07\x00\x15"sv);
  add("none-is-a-name", "\x05\x07\x01\x09\x0e\x00\x06\x07\x00"sv);
}

void add_tlog_proofs(const Corpus& corpus) {
  const std::vector<std::string> log_key = {"hub log 1"};
  const std::vector<Hash> leaves = {ledger::leaf_hash(u64_be(0)), ledger::leaf_hash(u64_be(1)),
                                    ledger::leaf_hash(u64_be(2))};
  ledger::TlogProof proof{.extra = {},
                          .index = 1,
                          .path = ledger::inclusion_proof(leaves, 1),
                          .checkpoint = test::signed_checkpoint(
                              "chancery.test/trial", 3, ledger::tree_root(leaves), log_key)};
  const auto add = [&](const std::string& name, std::string_view text) {
    corpus.add("tlog_proof", name, choose(0) + std::string(text));
  };
  const std::string plain = ledger::format_tlog_proof(proof);
  add("plain", plain);
  proof.extra = "\x00\xff"s;
  const std::string text = ledger::format_tlog_proof(proof);
  add("extra", text);
  proof.path.clear();
  add("without-hashes", ledger::format_tlog_proof(proof));
  proof.path.assign(ledger::kTlogProofPathMax + 1, leaves[0]);
  add("a-hash-too-many", ledger::format_tlog_proof(proof));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string altered = text;
    return altered.replace(altered.find(from), from.size(), to);
  };
  add("another-version", with("@v1", "@v2"));
  add("extra-of-nothing", with("extra AP8=", "extra "));
  add("extra-of-more-bits", with("extra AP8=", "extra AP9="));
  add("index-with-a-zero", with("index 1", "index 01"));
  add("index-twice", with("index 1\n", "index 1\nindex 1\n"));
  add("extra-twice", with("extra AP8=\n", "extra AP8=\nextra AP8=\n"));
  add("extra-after-the-index", with("extra AP8=\nindex 1\n", "index 1\nextra AP8=\n"));
  add("a-short-hash", with("index 1\n", "index 1\nQQ==\n"));
  add("extension-lines", with("\n\n\xe2", "\nmore\n\n\xe2"));
  corpus.add("tlog_proof", "honest", choose(1) + choose(40) + choose(11));
  corpus.add("tlog_proof", "honest-of-one", choose(1) + choose(0) + choose(0));
  // An edit: what, where in eights, the byte or how many; the index stands at 43.
  corpus.add("tlog_proof", "another-index", choose(1) + choose(40) + choose(11) + "\x00\x05\x33"s);
  corpus.add("tlog_proof", "a-line-less", choose(1) + choose(40) + choose(11) + "\x01\x06\x2c"s);
}

// Edits of what is honest, four bytes each: what, where in two bytes, by what or how many.
void add_exports(const Corpus& corpus) {
  for (const char* const target : {"contradiction", "exported_directory"}) {
    for (const std::size_t which : {1U, 2U, 3U}) {
      const std::string name = std::to_string(which) + "-";
      corpus.add(target, name + "honest", choose(which));
      corpus.add(target, name + "a-byte-of-the-first", choose(which) + "\x00\x00\x04\x01"s);
      corpus.add(target, name + "a-byte-further-on", choose(which) + "\x00\x00\x2c\x01"s);
      corpus.add(target, name + "a-byte-far-on", choose(which) + "\x00\x03\x00\x80"s);
      corpus.add(target, name + "bytes-less", choose(which) + "\x01\x00\x40\x1f"s);
      corpus.add(target, name + "bytes-twice", choose(which) + "\x02\x00\x40\x1f"s);
    }
  }
  corpus.add("contradiction", "begins", choose(0) + "chancery.contradiction@v1\ndirectory QQ==\n");
  corpus.add("contradiction", "without-directories",
             choose(0) +
                 "chancery.contradiction@v1\ndirectory QQ==\ndirectory QQ==\nroot QQ==\n"
                 "path QQ==\ncheckpoint 1\n\ncheckpoint 1\n\n");
  corpus.add("exported_directory", "an-entry-of-nothing", choose(0) + std::string(12, '\0'));
  corpus.add("exported_directory", "two-of-one-index", choose(0) + std::string(24, '\0'));
}

void add_statement(const Corpus& corpus) {
  v1::Statement statement;
  statement.set_peer("AM");
  statement.set_size(40);
  statement.set_root(std::string(32, 'r'));
  for (v1::Count* const count : {statement.mutable_received(), statement.mutable_sent()}) {
    count->set_count(2);
    count->set_root(std::string(32, 'c'));
  }
  const auto add = [&](const std::string& name) {
    v1::Text text;
    text.set_content(statement.SerializeAsString());
    corpus.add("statement", name, choose(0) + text.SerializeAsString());
    corpus.add("statement", name + "-as-content", choose(2) + text.content());
  };
  add("counted");
  statement.add_early()->set_index(41);
  statement.add_early()->set_index(60);
  statement.add_unopenable()->set_index(3);
  add("early-and-unopenable");
  statement.add_early()->set_index(50);
  add("indices-that-fall");
  statement.set_size(2000);
  add("of-more-than-there-is");
  v1::Acknowledgement said;
  said.set_notice(std::string(32, 'n'));
  said.set_level(v1::ACKNOWLEDGEMENT_LEVEL_READ);
  corpus.add("statement", "acknowledgement", choose(3) + said.SerializeAsString());
  v1::Text text;
  text.set_content(said.SerializeAsString());
  corpus.add("statement", "acknowledgement-as-text", choose(1) + text.SerializeAsString());
}

// The honest file is the target's own; here are what is made of it, and beginnings of others.
void add_evidence(const Corpus& corpus) {
  const auto bytes = [&](const std::string& name, std::string_view edits) {
    corpus.add("evidence", name, choose(1) + std::string(edits));
  };
  // What is edited and where, in two bytes; the byte or how many.
  bytes("honest", "");
  bytes("another-version", "\x00\x00\x01\x03"sv);
  bytes("another-genesis", "\x00\x00\x04\x01"sv);
  bytes("a-byte-of-the-notice", "\x00\x01\x00\x20"sv);
  bytes("a-byte-of-a-proof", "\x00\x05\x00\x01"sv);
  bytes("a-byte-of-the-directory", "\x00\x18\x00\x80"sv);
  bytes("a-byte-less", "\x01\x12\x34\x00"sv);
  bytes("bytes-twice", "\x02\x12\x34\x10"sv);
  // Dropped, doubled or moved; records about it, counts or directory entries; which, and where to.
  const auto parts = [&](const std::string& name, std::string_view edits) {
    corpus.add("evidence", name, choose(2) + std::string(edits));
  };
  parts("without-the-acknowledgement", "\x00\x00\x01\x00"sv);
  parts("without-the-statement", "\x00\x00\x00\x00"sv);
  parts("without-statement-and-count", "\x00\x00\x00\x00\x00\x01\x00\x00"sv);
  parts("a-record-twice", "\x01\x00\x01\x00"sv);
  parts("records-out-of-order", "\x02\x00\x00\x01"sv);
  parts("without-the-count", "\x00\x01\x00\x00"sv);
  parts("a-count-twice", "\x01\x01\x00\x00"sv);
  parts("without-the-roster", "\x00\x02\x00\x00"sv);
  parts("without-the-last-entry", "\x00\x02\x03\x00"sv);
  parts("an-entry-twice", "\x01\x02\x03\x00"sv);
  parts("entries-of-two-slots-exchanged", "\x02\x02\x01\x02"sv);
  parts("the-roster-second", "\x02\x02\x00\x01"sv);
  // What the notice and two records have, exchanged: which two, and what of them.
  parts("headers-exchanged", "\x00\x03\x02\x00\x00"sv);
  parts("bodies-exchanged", "\x00\x03\x02\x00\x01"sv);
  parts("signatures-exchanged", "\x00\x03\x02\x00\x02"sv);
  parts("leaves-exchanged", "\x00\x03\x02\x00\x03"sv);
  parts("proofs-exchanged", "\x00\x03\x02\x00\x04"sv);
  parts("another-notice", "\x00\x03\x02\x00\x05"sv);
  parts("a-record-is-the-notice",
        "\x00\x03\x02\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00"sv);
  parts("leaf-and-proof-of-another",
        "\x00\x03\x02\x00\x03\x00\x03\x02\x00\x04"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00"sv);
  parts("the-text-withheld", "\x00\x04\x02"sv);
  parts("the-statement-withheld", "\x00\x04\x00"sv);

  // Of the consultation: the objection, and a tally of each of the three; heads are the sixth part.
  const auto thread = [&](const std::string& name, std::string_view edits) {
    corpus.add("evidence", name, choose(3) + std::string(edits));
  };
  thread("consultation", "");
  thread("without-the-objection", "\x00\x00\x00\x00"sv);
  thread("without-the-tally-of-who-objects", "\x00\x00\x02\x00"sv);
  thread("without-what-who-objects-said", "\x00\x00\x02\x00\x00\x00\x00\x00"sv);
  thread("a-tally-twice", "\x01\x00\x03\x00"sv);
  thread("without-the-head", "\x00\x05\x00\x00"sv);
  thread("the-head-twice", "\x01\x05\x00\x00"sv);
  thread("the-objection-withheld", "\x00\x04\x00"sv);
  thread("the-tally-withheld", "\x00\x04\x02"sv);
  thread("a-tally-is-the-objection", "\x00\x03\x00\x03\x05"sv);

  v1::EvidenceFile file;
  file.set_version(1);
  const auto whole = [&](const std::string& name) {
    corpus.add("evidence", name, choose(0) + file.SerializeAsString());
  };
  whole("without-a-genesis");
  file.set_genesis(std::string(32, 'g'));
  whole("of-another-exchange");
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
  up.mutable_hello()->set_instance(std::string(exchange::kInstanceBytes, 'i'));
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

// Messages that are good but for one thing each, which no honest encoder writes.
void add_spoilt_wire(const Corpus& corpus) {
  const auto add = [&](const std::string& name, std::size_t which, const std::string& bytes) {
    corpus.add("wire", name, choose(which) + choose(1) + bytes);
  };
  const auto ping = [](const std::string& inner) { return test::bytes_field(6, inner); };
  add("spoilt-long-number", 0, ping(test::tag(1, 0) + test::long_varint(5, 3)));
  add("spoilt-long-length", 0,
      test::tag(6, 2) + test::long_varint(2, 2) + test::number_field(1, 5));
  add("spoilt-zero-written", 0, ping(test::number_field(1, 0)));
  add("spoilt-twice", 0, ping(test::number_field(1, 5) + test::number_field(1, 5)));
  add("spoilt-two-of-a-oneof", 0, test::bytes_field(4, {}) + ping({}));
  add("spoilt-unknown-field", 0, ping(test::number_field(9, 5)));
  add("spoilt-over-32-bits", 5,
      test::bytes_field(2, test::number_field(1, std::uint64_t{1} << 40U)));
  add("spoilt-unknown-enum", 9, test::bytes_field(1, "AM") + test::number_field(4, 99));
  add("spoilt-order", 9, test::bytes_field(3, "contact") + test::bytes_field(1, "AM"));
  add("spoilt-utf8", 9, test::bytes_field(1, "\xc0\xaf"));
  add("spoilt-empty-written", 9, test::bytes_field(1, {}));
  std::string deep;
  for (int i = 0; i < 12; ++i) {
    deep = test::bytes_field(1, deep);
  }
  add("spoilt-cut", 9, test::tag(1, 2) + test::varint(7) + "AM");
  add("spoilt-group", 9, test::tag(1, 3) + test::tag(1, 4));
  add("spoilt-depth", 12, test::bytes_field(3, deep));
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

void add_examples(const Corpus& corpus, const std::filesystem::path& config) {
  const auto read = [&](const std::filesystem::path& path) {
    std::ifstream file(config / path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  };
  const std::string hub = read("hub.example.toml");
  corpus.add("config", "hub", choose(0) + hub);
  std::string bad_port = hub;
  bad_port.insert(bad_port.find('"', bad_port.find("listen = ") + 10), "000");
  corpus.add("config", "hub-bad-port", choose(0) + bad_port);
  corpus.add("config", "node", choose(1) + read("node.example.toml"));
  corpus.add("config", "profile", choose(2) + read("exchanges/csto-partners/profile.toml"));
  corpus.add("config", "client", choose(3) + read("client.example.toml"));
  for (const char* const name : {"assistance-request", "consultation-open", "threat-alert"}) {
    corpus.add("notice_json", name, read("notices/" + std::string(name) + ".json"));
  }
  corpus.add(
      "notice_json", "all-keys",
      R"({"kind":"contact","status":"exercise","precedence":"flash","classification":"open",)"
      R"("handling":["B","A"],"tlp":"amber-strict","to":"all","info":["UN"],"expires":"2h",)"
      R"("subject":"s","language":"ru","content":{},"supersedes":[],"reply_by":"2030-01-01",)"
      R"("clear":true,"id":"01890a5d-ac96-774b-bcce-b302099a8057","thread":""})");
}

// `contact` goes in clear, `threat.alert` only sealed.
struct Notices {
  test::TestExchange exchange;
  test::TestLog log{exchange};

  Notices() {
    log.found();
    exchange.see(log.tree());
  }

  v1::Draft draft(std::string_view kind) { return exchange.draft("AM", {"BY", "RU"}, kind); }
  std::string clear() {
    return exchange.sign(exchange.clear(draft("contact"), test::TestExchange::text_of("subject")),
                         "AM node 1 signing");
  }
  std::string sealed() {
    return exchange.publish(draft("threat.alert"), test::TestExchange::text_of("subject"),
                            exchange.directory());
  }
  std::string revocation() {
    const Hash key = test::agreement_public("AM node 1 sealing").id();
    return exchange.entry(test::revocation_of(key), std::vector<std::string>{"AM authority"},
                          exchange.directory());
  }
};

void add_envelopes(const Corpus& corpus) {
  Notices notices;
  corpus.add("envelope", "sealed", notices.sealed());
  corpus.add("envelope", "clear", notices.clear());
  const exchange::Envelope whole = notices.exchange.parse(notices.clear());
  corpus.add("envelope", "erased",
             exchange::erased_bytes(whole.header_bytes, exchange::body_digest(whole.body_bytes),
                                    whole.signatures_bytes));
  corpus.add("envelope", "revocation", notices.revocation());
  corpus.add("envelope", "roster", notices.exchange.founding_entries().front());
  corpus.add("envelope", "node", notices.exchange.founding_entries().back());

  const auto notice = [&](std::size_t signer, std::size_t bits, const v1::Draft& draft) {
    std::string seed = choose(signer) + choose(bits);
    put_chunk(seed, draft.SerializeAsString());
    return seed + test::TestExchange::text_of("subject");
  };
  corpus.add("notice", "sealed", notice(0, 7, notices.draft("threat.alert")));
  corpus.add("notice", "clear", notice(0, 6, notices.draft("contact")));
  corpus.add("notice", "of-another", notice(1, 7, notices.draft("threat.alert")));
  corpus.add("notice", "without-digest", notice(0, 5, notices.draft("threat.alert")));
  v1::Draft partner = notices.exchange.draft("AM", {"SEC", "UN"}, "contact");
  partner.mutable_label()->set_classification("open");
  partner.mutable_label()->add_handling("EYES-ONLY");
  corpus.add("notice", "to-a-partner", notice(0, 7, partner));
  partner.mutable_label()->set_tlp(v1::TLP_RED);
  corpus.add("notice", "forbidden-to-a-partner", notice(0, 7, partner));

  const exchange::Envelope sealed = notices.exchange.parse(notices.sealed());
  corpus.add("seal", "of-the-exchange", choose(0) + sealed.body.sealed().SerializeAsString());
  corpus.add("seal", "honest", choose(1));
  corpus.add("seal", "spoilt-header", "\x01\x00\x02x"s);
  corpus.add("seal", "spoilt-recipients", "\x01\x01\x00\x02"s);
  corpus.add("seal", "spoilt-stanza", "\x01\x02\x30\x00"s);
  corpus.add("seal", "spoilt-ciphertext", "\x01\x03\x90\x00"s);

  std::vector<test::Unsigned> batch;
  batch.reserve(5);
  for (int i = 0; i < 5; ++i) {
    batch.push_back(notices.exchange.clear(notices.draft("contact"), "text"));
  }
  int position = 0;
  for (const std::string& one : notices.exchange.sign(batch, "AM node 1 signing")) {
    const exchange::Envelope parsed = notices.exchange.parse(one);
    corpus.add("batch_signature", "place-" + std::to_string(position++),
               choose(1) + choose(9) + to_string(parsed.d) +
                   test::signatures_of(parsed).signatures(0).SerializeAsString());
  }

  v1::InboxItem item;
  item.set_arrival(1);
  item.set_index(7);
  item.set_notice(to_string(sealed.notice));
  item.set_draft(sealed.header.draft());
  item.set_created_at_us(1'700'000'000'000'000);
  v1::ThreatAlert alert;
  alert.set_category(v1::THREAT_CATEGORY_CYBER);
  alert.set_summary("line\nof \x1b[31m red");
  v1::Text text;
  text.set_subject("subject");
  text.set_thread(to_string(sealed.notice));
  text.set_reply_by_ms(1'700'000'000'000);
  text.add_attachments()->set_name("map.png");
  text.set_content(alert.SerializeAsString());
  item.set_text(text.SerializeAsString());
  corpus.add("inbox_item", "threat-alert", item.SerializeAsString());
  item.set_text("\xff");
  corpus.add("inbox_item", "no-text", item.SerializeAsString());
}

// Origin AM, no bit that spoils slot or replaces, signed by the keys of these bits (directory.cpp).
std::string entry(std::size_t signers) {
  return choose(0) + choose(0) + choose(signers >> 8U) + choose(signers & 0xffU);
}

void add_directory(const Corpus& corpus) {
  constexpr std::size_t kAll = 0x3f;  // The six authorities of members.
  // The bits of authorities, in the order of their codes, then AM's and BY's node keys.
  const std::size_t am_node_2 = 1U | (1U << 11U) | (1U << 12U);
  const std::string second_node = entry(am_node_2) + "\x00\x00\x01\x00"s;
  corpus.add("directory", "second-node", second_node);
  corpus.add("directory", "second-node-with-witness", entry(am_node_2) + "\x00\x00\x01\x03"s);
  corpus.add("directory", "node-again-with-next-key",
             entry(1U | (1U << 8U) | (1U << 9U)) + "\x00\x00\x00\x07\x03"s);
  corpus.add("directory", "person", entry(1U | (1U << 14U)) + "\x01\x00\x01"s);
  const std::string revocation = entry(1) + "\x02\x00\x00"s;
  corpus.add("directory", "revocation", revocation);
  corpus.add("directory", "revocation-then-node-again",
             revocation + entry(1U | (1U << 8U) | (1U << 9U)) + "\x00\x00\x00\x03"s);
  std::string state = entry(1U << 3U) + choose(3);
  put_chunk(state, "minimize");
  put_chunk(state, "priority");
  corpus.add("directory", "state", state);
  corpus.add("directory", "assent", entry(kAll) + "\x04\x00\x02"s);
  corpus.add("directory", "member-leaves", entry(kAll) + "\x04\x01\x02"s + second_node);
  corpus.add("directory", "partner-comes", entry(kAll) + "\x04\x02\x06\x03"s);
  corpus.add("directory", "log-key", entry(kAll) + "\x04\x03\x00"s);
  std::string fields = entry(kAll) + "\x04\x07"s;
  v1::Roster more;
  more.add_releases()->set_kinds("threat.*");
  more.mutable_releases(0)->set_people(2);
  more.add_retention()->set_kinds("*");
  more.mutable_retention(0)->set_days(30);
  put_chunk(fields, more.SerializeAsString());
  corpus.add("directory", "rules", fields);
  std::string bytes = entry(kAll) + choose(5);
  put_chunk(bytes, test::roster_entry(test::founding_roster({})).SerializeAsString());
  corpus.add("directory", "bytes-of-a-roster", bytes);
}

void add_logs(const Corpus& corpus) {
  Notices notices;
  const std::vector<std::string> envelopes = {notices.clear(), notices.sealed()};
  const std::string revocation = notices.revocation();
  const std::uint64_t founded = notices.log.size();
  notices.log.append(envelopes);
  notices.log.append_entry(revocation);
  const std::vector<v1::LogBatch>& batches = notices.log.batches();
  const v1::LogBatch& of_notices = batches[batches.size() - 2];
  const v1::LogBatch& of_entry = batches.back();
  const auto batch = [](std::size_t bits, const v1::LogBatch& one) {
    std::string seed = choose(bits);
    put_chunk(seed, one.SerializeAsString());
    return seed;
  };
  corpus.add("log_batch", "honest", batch(15, of_notices) + batch(15, of_entry));
  corpus.add("log_batch", "signed-again", batch(0, of_notices) + batch(0, of_notices));
  corpus.add("log_batch", "entry-signed-again", batch(2, of_entry));

  const std::vector<v1::AuditBatch> pages = notices.log.audit_batches();
  const auto page = [](std::size_t bits, const v1::AuditBatch& one) {
    std::string seed = choose(bits);
    put_chunk(seed, one.SerializeAsString());
    return seed;
  };
  v1::AuditPageReply last;
  last.set_size(notices.log.size());
  v1::AuditClock& clock = *last.mutable_clocks()->add_clocks();
  clock.set_key_id(to_string(test::signing_public("AM node 1 signing").id()));
  clock.set_precedence(2);
  clock.set_created_at_us(1'800'000'000'000'000);
  corpus.add("audit", "honest",
             choose(2) + choose(1) + page(7, pages[pages.size() - 2]) + page(7, pages.back()) +
                 last.SerializeAsString());
  v1::AuditBatch altered = pages[pages.size() - 2];
  const auto add_lane = [](v1::AuditBatch& to, const std::string& member) {
    v1::AuditLane& lane = *to.mutable_feeds()->add_lanes();
    lane.set_member(member);
    lane.set_first_index(to.first_index());
    lane.set_positions(std::string(2, '\0'));
  };
  add_lane(altered, "KZ");
  altered.mutable_entries(1)->set_shown(true);
  altered.mutable_entries(1)->mutable_outbox()->set_passed(true);
  corpus.add("audit", "altered", choose(1) + choose(0) + page(0, altered));
  corpus.add("audit", "altered-often", [&] {
    v1::AuditBatch often = altered;
    for (int i = 0; i < 150; ++i) {
      add_lane(often, std::to_string(i));
    }
    return choose(1) + choose(0) + page(0, often);
  }());
  altered.clear_checkpoint();
  corpus.add("audit", "unsigned", choose(1) + choose(0) + page(5, altered));

  v1::DownMessage down;
  const auto frame = [&] {
    std::string step = choose(2);
    put_chunk(step, down.SerializeAsString());
    return step;
  };
  const std::string up = choose(0) + choose(8) + choose(5);
  *down.mutable_batches()->add_batches() = of_notices;
  const std::string followed = frame();
  for (std::uint64_t i = 0; i < 2; ++i) {
    v1::Delivery& delivery = *down.mutable_deliver()->add_deliveries();
    delivery.set_index(founded + i);
    delivery.set_previous(i == 0 ? 0 : founded + i);
    delivery.set_envelope("envelope");
  }
  const std::string delivered = frame();
  const std::string taken = choose(4) + choose(1);
  corpus.add("node_link", "follow-and-take", up + followed + delivered + taken + taken);
  corpus.add("node_link", "deliver-ahead", up + delivered + taken + followed + taken);
  down.mutable_deliver()->set_urgent(true);
  down.mutable_deliver()->add_deliveries()->set_index(founded);
  corpus.add("node_link", "urgent-overtakes", up + followed + delivered + frame() + taken + taken);
  corpus.add("node_link", "refetch", up + followed + delivered + choose(4) + choose(0) + delivered);
  for (std::uint64_t i = 2; i < 6; ++i) {
    v1::Delivery& delivery = *down.mutable_deliver()->add_deliveries();
    delivery.set_index(founded + i);
    delivery.set_previous(founded + i);
    delivery.set_envelope("envelope");
  }
  corpus.add("node_link", "more-than-the-credits", up + frame() + followed + taken);
  down.mutable_fault()->set_code(static_cast<std::uint32_t>(ErrorCode::kGap));
  corpus.add("node_link", "hello-again", up + frame() + up);
  down.mutable_pong()->set_log_size(12);
  corpus.add("node_link", "pong", up + frame());

  v1::UpMessage message;
  const auto step = [&](std::size_t peer) {
    std::string seed = choose(peer) + choose(0);
    put_chunk(seed, message.SerializeAsString());
    return seed;
  };
  const std::string turn = choose(0) + choose(3);
  const std::string serve = choose(0) + choose(4);
  for (const std::string& envelope : envelopes) {
    message.mutable_submit()->add_envelopes(envelope);
  }
  const std::string submit = step(0);
  corpus.add("hub", "submit", submit + turn + serve + submit + turn);
  message.mutable_submit()->clear_envelopes();
  message.mutable_submit()->add_envelopes(revocation);
  corpus.add("hub", "entry", step(1) + turn + submit + turn + serve);
  v1::AdminRequest admin;
  admin.mutable_submit_entry()->set_envelope(revocation);
  std::string over_admin = choose(0) + choose(5) + choose(2);
  put_chunk(over_admin, admin.SerializeAsString());
  corpus.add("hub", "entry-over-admin", over_admin + turn + over_admin + turn + serve);
  message.mutable_credit()->set_cursor(founded + 1);
  message.mutable_credit()->mutable_credits()->set_items(9);
  const std::string credit = step(1);
  message.mutable_fetch()->set_kind(v1::FETCH_KIND_DELIVERIES);
  message.mutable_fetch()->set_from(founded);
  corpus.add("hub", "credit-and-fetch", submit + turn + serve + credit + step(1) + serve);
  message.mutable_fetch()->set_kind(v1::FETCH_KIND_BATCHES);
  corpus.add("hub", "page", submit + turn + step(0) + serve);
  message.mutable_ping()->set_nonce(5);
  corpus.add("hub", "ping-of-nobody", step(3) + step(0));
  corpus.add("hub", "ping-before-hello", step(2));
  message.mutable_hello()->set_protocol(1);
  message.mutable_hello()->set_genesis(to_string(notices.exchange.genesis()));
  message.mutable_hello()->set_instance(std::string(exchange::kInstanceBytes, 'i'));
  corpus.add("hub", "hello-again", step(0) + "\x01\x05\x01"s + step(1));
  corpus.add("hub", "hello-elsewhere", step(2) + submit + turn);
}

// The steps of local_api.cpp.
std::string asks(std::size_t application, v1::LocalRequest request) {
  request.set_request_id(7);
  std::string step = choose(0) + choose(application);
  put_chunk(step, request.SerializeAsString());
  return step;
}

const std::string then_again = choose(3);
const std::string then_turn = choose(4) + choose(0);
const std::string then_arrival = choose(6) + choose(4) + choose(1);
const std::string then_minute = choose(5) + choose(17);
const std::string then_undone = choose(7) + choose(0);
const std::string then_disk_full = choose(7) + choose(1) + choose(2);
const std::string then_disk_low = choose(7) + choose(1) + choose(1);

void add_own_notices(const Corpus& corpus) {
  const auto add = [&](const std::string& name, const std::string& seed) {
    corpus.add("local_api", name, seed);
  };
  v1::LocalRequest request;
  v1::PublishRequest& publish = *request.mutable_publish();
  publish.set_notice_id(test::seeded_uuid("published", 9));
  publish.set_kind("threat.alert");
  publish.set_status(v1::STATUS_ACTUAL);
  publish.set_precedence(v1::PRECEDENCE_ROUTINE);
  publish.mutable_label()->set_classification("open");
  publish.set_text(test::TestExchange::text_of("subject", publish.kind()));
  publish.add_recipients()->set_member("members");
  publish.mutable_recipients(0)->set_role(v1::RECIPIENT_ROLE_ACTION);
  const std::string published = asks(0, request);
  add("publish-again", published + then_again + then_turn + then_again + then_turn);
  add("publish-undone", published + then_undone + then_again + then_turn);
  add("publish-as-others", asks(1, request) + asks(2, request) + asks(3, request));
  add("publish-disk-low", then_disk_low + published + then_turn + then_disk_full + then_again);
  publish.set_precedence(v1::PRECEDENCE_FLASH);
  publish.set_clear(true);
  publish.set_kind("contact");
  add("publish-urgent-in-clear", then_disk_low + asks(0, request) + asks(1, request));
  std::string many;
  for (std::uint64_t number = 10; number < 20; ++number) {
    publish.set_notice_id(test::seeded_uuid("published", number));
    many += asks(0, request);
  }
  add("publish-many", many);

  std::string awaited;
  std::string cancelled;
  std::string wanted;
  std::string shown;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const std::string id = test::seeded_uuid("published", number);
    request.mutable_await()->set_notice_id(id);
    request.mutable_await()->set_stage(v1::STAGE_LOGGED);
    request.mutable_await()->set_timeout_ms(30'000);
    awaited += asks(number % 2, request);
    request.mutable_cancel()->set_notice_id(id);
    cancelled += asks(0, request);
    request.mutable_retry()->set_notice_id(id);
    wanted += asks(0, request);
    request.mutable_show()->set_notice_id(id);
    shown += asks(0, request) + asks(1, request);
  }
  add("await", awaited + then_turn + then_minute + then_turn);
  add("await-and-cancel", awaited + cancelled + then_turn);
  add("await-undone", awaited + then_undone + then_turn);
  add("retry", wanted + then_turn + cancelled);
  add("show-by-id", shown);
  request.mutable_outbox()->set_limit(2);
  const std::string page = asks(0, request) + asks(1, request);
  request.mutable_outbox()->set_after(2);
  request.mutable_outbox()->set_refused(true);
  add("outbox", page + asks(0, request) + asks(1, request) + asks(2, request));
}

void add_reads(const Corpus& corpus) {
  const auto add = [&](const std::string& name, const std::string& seed) {
    corpus.add("local_api", name, seed);
  };
  v1::LocalRequest request;
  request.mutable_inbox()->set_limit(3);
  const std::string page = asks(0, request);
  request.mutable_inbox()->set_after(3);
  add("inbox-by-pages", page + asks(0, request) + then_turn + asks(1, request) + asks(2, request));
  request.mutable_inbox()->set_last(2);
  add("inbox-newest", asks(0, request) + asks(1, request));
  request.clear_inbox();
  request.mutable_inbox()->mutable_filter()->add_origins("AM");
  request.mutable_inbox()->mutable_filter()->add_kinds("threat.*");
  request.mutable_inbox()->mutable_filter()->set_precedence_min(v1::PRECEDENCE_FLASH);
  request.mutable_inbox()->mutable_filter()->set_exercise(true);
  add("inbox-filter", asks(0, request) + asks(1, request) + asks(2, request));
  request.clear_inbox();
  request.mutable_inbox()->set_after(7);
  request.mutable_inbox()->set_wait_ms(20'000);
  const std::string waits = asks(0, request) + asks(1, request);
  add("inbox-waits", waits + then_arrival + waits + then_minute + then_turn);
  add("inbox-waits-undone", waits + then_undone + then_turn + then_minute + then_turn);
  std::string crowd;
  for (int i = 0; i < 3; ++i) {
    crowd += waits;
  }
  add("inbox-crowd", crowd + then_arrival);
  for (const char* const name : {"AM", "BY", "KZ", "RU", "TJ", "KG"}) {
    request.mutable_inbox()->mutable_filter()->add_origins(name);
  }
  std::string large;
  for (int i = 0; i < 3; ++i) {
    large += asks(0, request);
  }
  add("inbox-large-crowd", large + then_turn + then_minute + then_turn);
  request.mutable_inbox()->clear_filter();
  request.mutable_inbox()->set_cursor("reader");
  request.mutable_inbox()->set_after(0);
  const std::string along = asks(0, request);
  add("along-a-cursor", along + then_turn + then_again);
  add("along-a-cursor-disk-full", then_disk_full + along + then_turn + then_again);

  request.mutable_cursor()->set_cursor("reader");
  request.mutable_cursor()->set_arrival(2);
  request.mutable_cursor()->set_arrival_urgent(3);
  const std::string moved = asks(0, request);
  request.mutable_nack()->set_cursor("reader");
  request.mutable_nack()->set_delay_ms(1000);
  request.mutable_nack()->set_attempts_max(2);
  request.mutable_nack()->set_reason("not now");
  for (const std::uint64_t arrival : {1U, 2U}) {
    request.mutable_nack()->add_notices()->set_arrival(arrival);
  }
  const std::string given_back = along + asks(0, request);
  request.mutable_nack()->mutable_notices(0)->set_attempts(1);
  request.mutable_nack()->set_quarantine(true);
  const std::string quarantined = asks(0, request);
  request.mutable_deferred()->set_cursor("reader");
  const std::string listed = asks(0, request);
  request.mutable_redrive()->set_cursor("reader");
  request.mutable_redrive()->set_all(true);
  const std::string redriven = asks(0, request);
  add("given-back", given_back + then_turn + then_minute + along + then_turn + moved + along);
  add("quarantined", given_back + quarantined + listed + redriven + along + then_turn + listed);
  request.mutable_cursor()->set_cursor("reader");
  request.mutable_cursor()->add_done()->set_arrival(1);
  request.mutable_cursor()->mutable_done(0)->set_attempts(1);
  add("done-with", given_back + asks(0, request) + listed);
  request.mutable_reset()->set_cursor("reader");
  request.mutable_reset()->set_arrival(1);
  const std::string reset = asks(0, request);
  request.mutable_reset()->set_arrival(70);
  const std::string beyond = asks(0, request);
  request.mutable_cursors();
  add("cursors", moved + reset + beyond + asks(0, request) + asks(1, request));

  request.mutable_show()->set_index_plus_one(10);
  const std::string by_index = asks(0, request) + asks(1, request);
  request.mutable_show()->set_index_plus_one(0);
  request.mutable_show()->set_notice("four");
  add("show", by_index + asks(0, request));
  request.Clear();
  std::string nothing = asks(0, request) + choose(0) + choose(0);
  put_chunk(nothing, "\x08\x05\xf2\x06\x01x"s);
  add("nothing", nothing);
  add("audit-pages", choose(7) + choose(3) + number(0) + choose(7) + choose(3) + number(9));
}

}  // namespace
}  // namespace chancery::fuzz

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: make_seeds FOLDER CONFIG\n", stderr);
    return 64;
  }
  const chancery::fuzz::Corpus corpus(argv[1]);
  chancery::fuzz::add_own_notices(corpus);
  chancery::fuzz::add_reads(corpus);
  chancery::fuzz::add_texts(corpus);
  chancery::fuzz::add_keys(corpus);
  chancery::fuzz::add_ledger(corpus);
  chancery::fuzz::add_tiles(corpus);
  chancery::fuzz::add_policies(corpus);
  chancery::fuzz::add_tlog_proofs(corpus);
  chancery::fuzz::add_exports(corpus);
  chancery::fuzz::add_statement(corpus);
  chancery::fuzz::add_evidence(corpus);
  chancery::fuzz::add_wire(corpus);
  chancery::fuzz::add_spoilt_wire(corpus);
  chancery::fuzz::add_contents(corpus);
  chancery::fuzz::add_examples(corpus, argv[2]);
  chancery::fuzz::add_envelopes(corpus);
  chancery::fuzz::add_directory(corpus);
  chancery::fuzz::add_logs(corpus);
  return 0;
}
