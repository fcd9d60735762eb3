#include "tests/support/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/exchange/strict.h"
#include "core/ledger/tree.h"

namespace chancery::test {
namespace {

using exchange::Directory;
using exchange::EntryProposal;
using exchange::Envelope;

constexpr std::array kMembers = {"AM", "BY", "KG", "KZ", "RU", "TJ"};
constexpr std::uint64_t kEpochUs = 1'700'000'000'000'000;
constexpr std::uint32_t kKemX25519 = 32;

std::string spki(std::string_view name) {
  return signing_public(name).spki();
}

std::string raw_agreement(std::string_view name) {
  return to_string(agreement_public(name).raw());
}

}  // namespace

exchange::Signature carried(const v1::Signature& signature) {
  exchange::Signature made{
      .key_id = hash_from(signature.key_id()), .value = {}, .batch = std::nullopt};
  std::ranges::copy(as_bytes(signature.value()).first(made.value.size()), made.value.begin());
  if (signature.has_batch()) {
    made.batch = {.leaf_index = signature.batch().leaf_index(),
                  .tree_size = signature.batch().tree_size(),
                  .path = {}};
    for (const std::string& hash : signature.batch().path()) {
      made.batch->path.push_back(hash_from(hash));
    }
  }
  return made;
}

v1::Signatures signatures_of(const exchange::Envelope& envelope) {
  return must(exchange::parse_wire<v1::Signatures>(envelope.signatures_bytes));
}

std::string authority_name(std::string_view member) {
  return std::string(member) + " authority";
}

std::string node_key_name(std::string_view member, int node, std::string_view use) {
  return std::string(member) + " node " + std::to_string(node) + " " + std::string(use);
}

std::string person_name(std::string_view member, int person) {
  return std::string(member) + " person " + std::to_string(person);
}

v1::Member roster_member(std::string_view code, v1::MemberRole role) {
  v1::Member member;
  member.set_code(std::string(code));
  member.set_name("Member " + std::string(code));
  member.set_role(role);
  member.set_authority_key(spki(authority_name(code)));
  member.add_publish("*");
  member.add_receive("*");
  member.set_ceiling("secret");
  return member;
}

v1::Roster founding_roster(const ExchangeOptions& options) {
  v1::Roster roster;
  roster.set_exchange(options.name);
  for (const char* const code : kMembers) {
    *roster.add_members() = roster_member(code, v1::MEMBER_ROLE_MEMBER);
  }
  if (options.institution) {
    *roster.add_members() = roster_member("SEC", v1::MEMBER_ROLE_INSTITUTION);
    // SEC stands before TJ.
    std::swap(*roster.mutable_members(5), *roster.mutable_members(6));
  }
  if (options.partner) {
    v1::Member partner = roster_member("UN", v1::MEMBER_ROLE_PARTNER);
    partner.clear_publish();
    partner.add_publish("contact");
    partner.clear_receive();
    partner.add_receive("contact");
    partner.add_receive("emergency.*");
    partner.set_ceiling("open");
    *roster.add_members() = std::move(partner);
  }
  roster.set_assent(4);
  roster.set_faulty_max(1);
  for (const char* const name : {"open", "restricted", "secret"}) {
    roster.add_classifications(name);
  }
  roster.add_sealed_kinds("threat.*");
  roster.set_header_version(1);
  roster.add_algorithms("ed25519");
  v1::StateRule& minimize = *roster.add_states();
  minimize.set_name("minimize");
  minimize.add_members("KZ");
  v1::HubIdentity& hub = *roster.mutable_hub();
  hub.set_origin_line("chancery.test/" + options.name);
  hub.add_log_keys(spki("hub log 1"));
  hub.set_transport_key(raw_agreement("hub transport"));
  return roster;
}

v1::DirectoryEntry node_entry(std::string_view member, int node, bool voice, bool witness) {
  v1::DirectoryEntry entry;
  v1::NodeEnrolment& enrolment = *entry.mutable_node();
  enrolment.set_member(std::string(member));
  enrolment.set_signing_key(spki(node_key_name(member, node, "signing")));
  enrolment.set_voice(voice);
  if (witness) {
    enrolment.set_witness_key(spki(node_key_name(member, node, "witness")));
  }
  enrolment.set_transport_key(raw_agreement(node_key_name(member, node, "transport")));
  v1::SealingKey& sealing = *enrolment.add_sealing_keys();
  sealing.set_kem(kKemX25519);
  sealing.set_key(raw_agreement(node_key_name(member, node, "sealing")));
  sealing.set_state(v1::SEALING_KEY_STATE_CURRENT);
  return entry;
}

v1::DirectoryEntry person_entry(std::string_view member, int person) {
  v1::DirectoryEntry entry;
  entry.mutable_person()->set_member(std::string(member));
  entry.mutable_person()->set_name("Duty officer " + std::to_string(person));
  entry.mutable_person()->set_release_key(spki(person_name(member, person)));
  return entry;
}

v1::DirectoryEntry revocation_of(const Hash& key_id) {
  v1::DirectoryEntry entry;
  entry.mutable_revoked()->set_key_id(to_string(key_id));
  return entry;
}

v1::DirectoryEntry state_entry(std::string_view name, std::string_view value) {
  v1::DirectoryEntry entry;
  entry.mutable_state()->set_name(std::string(name));
  entry.mutable_state()->set_value(std::string(value));
  return entry;
}

v1::DirectoryEntry roster_entry(const v1::Roster& roster) {
  v1::DirectoryEntry entry;
  *entry.mutable_roster() = roster;
  return entry;
}

std::vector<std::string> enrolment_signers(const v1::DirectoryEntry& entry) {
  if (entry.has_person()) {
    const std::string& member = entry.person().member();
    for (int person = 1; person < 100; ++person) {
      if (entry.person().release_key() == spki(person_name(member, person))) {
        return {authority_name(member), person_name(member, person)};
      }
    }
  }
  const std::string& member = entry.node().member();
  for (int node = 1; entry.has_node() && node < 100; ++node) {
    if (entry.node().signing_key() != spki(node_key_name(member, node, "signing"))) {
      continue;
    }
    std::vector<std::string> names = {authority_name(member),
                                      node_key_name(member, node, "signing")};
    if (!entry.node().witness_key().empty()) {
      names.push_back(node_key_name(member, node, "witness"));
    }
    return names;
  }
  stop({ErrorCode::kNotFound, "an enrolment whose key has no name"});
}

TestExchange::TestExchange(const ExchangeOptions& options) {
  v1::Roster roster = founding_roster(options);
  if (options.adjust_roster) {
    options.adjust_roster(roster);
  }
  v1::DirectoryEntry first = roster_entry(roster);
  first.set_slot("roster");
  exchange::Stamp stamp = next_stamp();
  stamp.log_seen.reset();  // The log is empty.
  EntryProposal proposal(first, "AM", seeded_uuid("entry", counter_), stamp, std::nullopt);
  for (const v1::Member& member : roster.members()) {
    if (member.role() == v1::MEMBER_ROLE_MEMBER) {
      must(proposal.sign(*key_signer(authority_name(member.code()))));
    }
  }
  genesis_ = proposal.genesis();
  directory_ = Directory(genesis_);
  entries_.push_back(proposal.envelope());
  must(directory_.apply(parse(entries_.back()), cache_));
  std::size_t node_count = 0;
  for (const v1::Member& member : roster.members()) {
    const bool is_member = member.role() == v1::MEMBER_ROLE_MEMBER;
    if (is_member && node_count++ >= options.node_count) {
      continue;
    }
    entries_.push_back(enrol(node_entry(member.code(), 1, true, is_member), directory_));
    must(directory_.apply(parse(entries_.back()), cache_));
  }
}

v1::FoundingFile TestExchange::founding_file() const {
  v1::FoundingFile file;
  for (const std::string& entry : entries_) {
    file.add_entries(entry);
  }
  return file;
}

Envelope TestExchange::parse(std::string_view envelope) const {
  return must(exchange::parse_envelope(envelope, genesis_));
}

exchange::Stamp TestExchange::next_stamp() {
  ++counter_;
  return {.salt = seeded_bytes("salt " + std::to_string(counter_), 16),
          .created_at_us = kEpochUs + counter_,
          .log_seen = seen_};
}

std::string TestExchange::entry(v1::DirectoryEntry content, std::span<const std::string> signers,
                                const Directory& on, std::string_view origin) {
  if (content.slot().empty()) {
    content.set_slot(must(exchange::slot_for(content)));
  }
  if (const std::optional<Hash> standing = on.slot(content.slot());
      content.replaces().empty() && standing.has_value()) {
    content.set_replaces(to_string(*standing));
  }
  const exchange::Stamp stamp = next_stamp();
  EntryProposal proposal(content, origin, seeded_uuid("entry", counter_), stamp, genesis_);
  for (const std::string& name : signers) {
    must(proposal.sign(*key_signer(name)));
  }
  return proposal.envelope();
}

std::string TestExchange::next_roster(const v1::Roster& roster,
                                      std::span<const std::string> members, const Directory& on) {
  std::vector<std::string> signers;
  signers.reserve(members.size());
  for (const std::string& member : members) {
    signers.push_back(authority_name(member));
  }
  return entry(roster_entry(roster), signers, on);
}

std::string TestExchange::enrol(const v1::DirectoryEntry& enrolment, const Directory& on) {
  const std::string& member =
      enrolment.has_node() ? enrolment.node().member() : enrolment.person().member();
  return entry(enrolment, enrolment_signers(enrolment), on, member);
}

v1::Draft TestExchange::draft(std::string_view origin, const std::vector<std::string>& recipients,
                              std::string_view kind) {
  v1::Draft draft;
  draft.set_origin(std::string(origin));
  draft.set_notice_id(seeded_uuid("notice", ++counter_));
  draft.set_kind(std::string(kind));
  draft.set_status(v1::STATUS_ACTUAL);
  draft.set_precedence(v1::PRECEDENCE_ROUTINE);
  draft.mutable_label()->set_tlp(v1::TLP_GREEN);
  std::vector<std::string> ascending = recipients;
  std::ranges::sort(ascending);
  for (const std::string& code : ascending) {
    v1::Recipient& recipient = *draft.add_recipients();
    recipient.set_member(code);
    recipient.set_role(v1::RECIPIENT_ROLE_ACTION);
  }
  return draft;
}

std::string TestExchange::text_of(std::string_view subject, std::string_view kind) {
  v1::Text text;
  text.set_subject(std::string(subject));
  if (kind == "threat.alert") {
    v1::ThreatAlert alert;
    alert.set_category(v1::THREAT_CATEGORY_OTHER);
    alert.set_summary("summary");
    text.set_content(alert.SerializeAsString());
  } else if (kind == "contact") {
    v1::Contact contact;
    contact.set_counterpart("counterpart");
    text.set_content(contact.SerializeAsString());
  }
  return text.SerializeAsString();
}

Unsigned TestExchange::clear(v1::Draft draft, std::string_view text) {
  draft.set_text_digest(to_string(exchange::text_digest(text)));
  Unsigned made{.header = exchange::make_header(draft.SerializeAsString(), next_stamp()),
                .body = exchange::clear_body(text)};
  made.d = exchange::envelope_hash(genesis_, made.header, made.body);
  return made;
}

std::vector<Unsigned> TestExchange::seal(std::vector<v1::Draft> drafts,
                                         std::span<const std::string> texts, const Directory& on) {
  CHANCERY_CHECK(!drafts.empty() && drafts.size() == texts.size());
  std::vector<std::string> codes;
  for (const v1::Recipient& recipient : drafts.front().recipients()) {
    codes.push_back(recipient.member());
  }
  const std::string& origin = drafts.front().origin();
  const std::vector<crypto::PublicKey> keys = must(exchange::sealing_keys_for(origin, codes, on));
  const std::string random = seeded_bytes("seal " + std::to_string(++counter_),
                                          exchange::SealGroup::random_bytes_needed(keys.size()));
  const exchange::SealGroup group =
      must(exchange::SealGroup::make(exchange::seal_info(genesis_, origin, codes), keys, random));
  std::vector<Unsigned> made;
  made.reserve(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const exchange::Stamp stamp = next_stamp();
    const std::string salt =
        seeded_bytes("text " + std::to_string(counter_), exchange::kTextSaltBytes);
    const std::string plaintext = must(exchange::pad_text(salt, texts[i]));
    drafts[i].set_text_digest(to_string(exchange::text_digest(plaintext)));
    Unsigned& one = made.emplace_back();
    one.header = exchange::make_header(drafts[i].SerializeAsString(), stamp);
    one.body = must(group.seal(one.header, plaintext));
    one.d = exchange::envelope_hash(genesis_, one.header, one.body);
  }
  return made;
}

Unsigned TestExchange::seal(const v1::Draft& draft, std::string_view text, const Directory& on) {
  const std::string owned(text);
  return seal(std::vector{draft}, std::span(&owned, 1), on).front();
}

std::vector<std::string> TestExchange::sign(std::span<const Unsigned> batch,
                                            std::string_view signer) const {
  const std::unique_ptr<crypto::KeySigner> key = key_signer(signer);
  std::vector<Hash> ds;
  ds.reserve(batch.size());
  for (const Unsigned& one : batch) {
    ds.push_back(one.d);
  }
  const exchange::BatchToSign to_sign(genesis_, key->public_key().id(), ds);
  const std::string value = must(key->sign(as_bytes(to_sign.message())));
  std::vector<std::string> envelopes;
  envelopes.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    envelopes.push_back(exchange::envelope_bytes(
        batch[i].header, batch[i].body, exchange::signatures_bytes({to_sign.signature(i, value)})));
  }
  return envelopes;
}

std::string TestExchange::sign(const Unsigned& one, std::string_view signer) const {
  return sign(std::span(&one, 1), signer).front();
}

std::string TestExchange::publish(const v1::Draft& draft, std::string_view text,
                                  const Directory& on) {
  return sign(seal(draft, text, on), node_key_name(draft.origin(), 1, "signing"));
}

}  // namespace chancery::test
