// Makes a directory entry of a trial exchange, signed by the keys in its folder, and hands it in at
// the hub's admin socket: no verb of the command does that yet.
//
// chancery-enter DIR revoke MEMBER        the signing key of the member's node
// chancery-enter DIR witness MEMBER FILE  the node with this witness key instead of the one before
//
// The directory is taken to be that of the founding. Prints the entry's index. Exit 0: logged. 1:
// refused, stderr says why.

#include <chrono>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "broker/config.h"
#include "chancery/v1/local.pb.h"
#include "cli/ceremony.h"
#include "cli/exchange_run.h"
#include "core/base/encoding.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/strict.h"
#include "daemon/keys.h"
#include "io/os/clock.h"
#include "io/os/file.h"
#include "io/os/random.h"
#include "io/zmq/plain_router.h"
#include "io/zmq/poller.h"

namespace chancery::test {
namespace {

using crypto::Algorithm;
using crypto::PrivateKey;

constexpr std::size_t kFileBytesMax = 4U << 20U;
constexpr std::chrono::seconds kPatience{20};

struct Entry {
  v1::DirectoryEntry content;
  std::vector<PrivateKey> signed_by;
};

Result<exchange::Directory> founded(const broker::Config& config) {
  CHANCERY_TRY(const std::string bytes, os::read_file(config.founding, kFileBytesMax));
  CHANCERY_TRY(const v1::FoundingFile file, exchange::parse_wire<v1::FoundingFile>(bytes));
  exchange::Directory directory(config.genesis);
  exchange::RootCache cache;
  for (const std::string& entry : file.entries()) {
    CHANCERY_TRY(const exchange::Envelope envelope,
                 exchange::parse_envelope(entry, config.genesis));
    CHANCERY_TRY_VOID(directory.apply(envelope, cache));
  }
  return directory;
}

Result<Entry> entry_of(const std::string& folder, std::span<const std::string> words) {
  const std::string& member = words[1];
  const std::string keys = folder + "/" + cli::member_folder(member) + "/keys/";
  Entry entry;
  CHANCERY_TRY(
      PrivateKey authority,
      daemon::read_private_key(folder + "/authorities/" + member + ".pem", Algorithm::kEd25519));
  entry.signed_by.push_back(std::move(authority));
  CHANCERY_TRY(PrivateKey signing,
               daemon::read_private_key(keys + "signing.pem", Algorithm::kEd25519));
  if (words[0] == "revoke") {
    entry.content.mutable_revoked()->set_key_id(to_string(signing.public_key().id()));
    CHANCERY_TRY(*entry.content.mutable_slot(), exchange::slot_for(entry.content));
    return entry;
  }
  CHANCERY_TRY(PrivateKey witness, daemon::read_private_key(words[2], Algorithm::kEd25519));
  CHANCERY_TRY(PrivateKey transport,
               daemon::read_private_key(keys + "transport.pem", Algorithm::kX25519));
  CHANCERY_TRY(PrivateKey sealing,
               daemon::read_private_key(keys + "sealing.pem", Algorithm::kX25519));
  cli::NodeKeys node{.signing = std::move(signing),
                     .witness = std::move(witness),
                     .transport = std::move(transport),
                     .sealing = std::move(sealing)};
  CHANCERY_TRY(entry.content, cli::enrolment_of(member, node, true));
  entry.signed_by.push_back(std::move(node.signing));
  entry.signed_by.push_back(*std::move(node.witness));
  return entry;
}

Result<v1::AdminReply> ask(const std::string& admin, const v1::AdminRequest& request) {
  CHANCERY_TRY(zmq::Context context, zmq::Context::create());
  CHANCERY_TRY(zmq::Dealer dealer, zmq::connect_plain_dealer(
                                       context, {.path = admin, .frame_bytes_max = kFileBytesMax}));
  zmq::Poller poller;
  poller.add(dealer);
  const auto end = os::steady_now() + kPatience;
  for (bool sent = false; os::steady_now() < end;) {
    sent = sent || dealer.send({request.SerializeAsString()}).has_value();
    CHANCERY_TRY_VOID(poller.wait(std::chrono::milliseconds(50)));
    v1::AdminReply reply;
    if (const auto frames = dealer.receive();
        frames.has_value() && reply.ParseFromString(frames->front())) {
      return reply;
    }
  }
  return fail(ErrorCode::kNoDaemon, admin);
}

Result<std::uint64_t> enter(const std::string& folder, std::span<const std::string> words) {
  CHANCERY_TRY(const broker::Config config, broker::read_config(folder + "/hub/hub.toml"));
  CHANCERY_TRY(const exchange::Directory directory, founded(config));
  CHANCERY_TRY(Entry entry, entry_of(folder, words));
  if (const std::optional<Hash> stands = directory.slot(entry.content.slot()); stands.has_value()) {
    entry.content.set_replaces(to_string(*stands));
  }
  cli::Ceremony ceremony(os::random_bytes, os::unix_us());
  exchange::EntryProposal proposal = ceremony.propose(entry.content, words[1], config.genesis);
  for (const PrivateKey& key : entry.signed_by) {
    CHANCERY_TRY_VOID(cli::sign_with(proposal, key));
  }
  v1::AdminRequest request;
  request.set_request_id(1);
  request.mutable_submit_entry()->set_envelope(proposal.envelope());
  CHANCERY_TRY(const v1::AdminReply reply, ask(config.admin, request));
  if (!reply.has_submit_entry()) {
    return fail(static_cast<ErrorCode>(reply.error().code()), reply.error().text());
  }
  return reply.submit_entry().index();
}

}  // namespace
}  // namespace chancery::test

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool revokes = words.size() == 3 && words[1] == "revoke";
  if (!revokes && !(words.size() == 4 && words[1] == "witness")) {
    std::cerr << "chancery-enter DIR revoke MEMBER | witness MEMBER FILE\n";
    return 64;
  }
  const auto index = chancery::test::enter(words[0], std::span(words).subspan(1));
  if (!index.has_value()) {
    std::cerr << index.error().to_string() << "\n";
    return 1;
  }
  std::cout << *index << "\n";
  return 0;
}
