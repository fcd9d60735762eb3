#include "tests/system/support/trial.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/encoding.h"
#include "tests/support/keys.h"

namespace chancery::test {
namespace {

std::string raw_hex(const crypto::PublicKey& key) {
  return hex(key.raw());
}

}  // namespace

zmq::CurveKeyPair curve_pair(std::string_view key_name) {
  const crypto::PrivateKey key = agreement_private(key_name);
  const std::string secret = key.raw();
  zmq::CurveKeyPair pair{};
  std::ranges::copy(as_bytes(secret), pair.secret.bytes().begin());
  std::ranges::copy(key.public_key().raw(), pair.public_key.begin());
  return pair;
}

TrialHub::TrialHub(const TestExchange& exchange, const Folder& folder)
    : exchange_(exchange),
      folder_(folder),
      daemon_(CHANCERY_BROKER, folder / "hub/hub.toml", folder / "hub.log") {
  for (const char* const name : {"hub", "hub/keys", "hub/store", "hub/run"}) {
    folder.make(name);
  }
  set_log_keys("hub log 1");
  folder.write("hub/keys/transport.pem", agreement_private("hub transport").to_pem());
  folder.write("hub/founding.bin", exchange.founding_file().SerializeAsString());
}

void TrialHub::set_log_keys(std::string_view key, std::string_view next) {
  folder_.write("hub/keys/log.pem", signing_private(key).to_pem());
  log_keys_ = "log_key = \"keys/log.pem\"\n";
  if (!next.empty()) {
    folder_.write("hub/keys/log-next.pem", signing_private(next).to_pem());
    log_keys_ += "log_key_next = \"keys/log-next.pem\"\n";
  }
}

void TrialHub::write_config() const {
  folder_.write("hub/hub.toml", "listen = \"" + endpoint_ + "\"\ngenesis = \"" +
                                    hex(exchange_.genesis()) + "\"\n" +
                                    "founding = \"founding.bin\"\n"
                                    "store = \"store/hub.db\"\n" +
                                    log_keys_ +
                                    "transport_key = \"keys/transport.pem\"\n"
                                    "admin = \"run/admin.sock\"\n");
}

void TrialHub::start() {
  write_config();
  daemon_.start();
  ASSERT_TRUE(daemon_.says({" ready ", "listen="})) << daemon_.log();
  const std::string line = daemon_.line_of("ready");
  const std::size_t begin = line.find("tcp://");
  ASSERT_NE(begin, std::string::npos) << line;
  endpoint_ = line.substr(begin, line.find_first_of(" \"", begin) - begin);
}

text::Json TrialHub::status() const {
  return chancery({"status", "--hub", config(), "--json"}).json();
}

Ran TrialHub::audit() const {
  return chancery({"audit", "verify", "--hub", config(), "--json"});
}

TrialNode::TrialNode(const TestExchange& exchange, const Folder& folder, std::string member,
                     std::string_view hub_endpoint)
    : folder_(folder),
      member_(std::move(member)),
      daemon_(CHANCERY_NODE, folder / (member_ + "/node.toml"), folder / (member_ + ".log")) {
  for (const char* const name : {"", "/keys", "/store", "/run", "/desk"}) {
    folder.make(member_ + name);
  }
  folder.write(member_ + "/keys/signing.pem",
               signing_private(node_key_name(member_, 1, "signing")).to_pem());
  for (const char* const use : {"transport", "sealing", "local"}) {
    folder.write(member_ + "/keys/" + use + ".pem",
                 agreement_private(node_key_name(member_, 1, use)).to_pem());
  }
  const std::string desk = member_ + " desk";
  folder.write(member_ + "/desk/key.pem", agreement_private(desk).to_pem());
  const std::string genesis = "genesis = \"" + hex(exchange.genesis()) + "\"\n";
  folder.write(member_ + "/node.toml",
               "member = \"" + member_ + "\"\n" + genesis + "hub = \"" + std::string(hub_endpoint) +
                   "\"\nhub_key = \"" + raw_hex(agreement_public("hub transport")) +
                   "\"\nstore = \"store/node.db\"\n"
                   "signing_key = \"keys/signing.pem\"\n"
                   "transport_key = \"keys/transport.pem\"\n"
                   "sealing_keys = [\"keys/sealing.pem\"]\n"
                   "local = \"run/local.sock\"\n"
                   "local_key = \"keys/local.pem\"\n"
                   "admin = \"run/admin.sock\"\n"
                   "[[application]]\nname = \"desk\"\nkey = \"" +
                   raw_hex(agreement_public(desk)) + "\"\npublish = [\"*\"]\nread = [\"*\"]\n");
  folder.write(member_ + "/desk/client.toml",
               "node = \"../run/local.sock\"\nnode_key = \"" +
                   raw_hex(agreement_public(node_key_name(member_, 1, "local"))) +
                   "\"\nkey = \"key.pem\"\nmember = \"" + member_ + "\"\n" + genesis);
}

void TrialNode::start() {
  daemon_.start();
}

Ran TrialNode::status() const {
  return chancery({"status", "--node", config(), "--json"});
}

std::vector<std::string> TrialNode::subjects() const {
  std::vector<std::string> subjects;
  const Ran ran = chancery({"inbox", "--client", client(), "--json"});
  EXPECT_EQ(ran.code, 0) << ran.output;
  const text::Json answer = ran.json();
  for (const text::Json& notice : answer.value("notices", text::Json::array())) {
    subjects.push_back(notice.value("subject", ""));
  }
  return subjects;
}

std::uint64_t TrialNode::count(std::string_view group, std::string_view name) const {
  const text::Json json = status().json();
  return json.is_object() && json.contains(group) ? json.at(std::string(group)).value(name, 0U) : 0;
}

}  // namespace chancery::test
