// The hub reads strictly: another spelling of a message is refused with its own error, costs it no
// memory, and no session. Protocol chapter 2.

#include <gtest/gtest.h>

#include "core/exchange/compose.h"
#include "core/exchange/limits.h"
#include "tests/support/wire_bytes.h"
#include "tests/system/support/link_test.h"

namespace chancery::test {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kGrowthKibMax = 512U
                                        << 10U;  // What was freed stays resident, to be watched.
#else
constexpr std::uint64_t kGrowthKibMax = 24U << 10U;
#endif

using StrictReadingHubRefusesTest = LinkTest;

std::string submit_frame(std::string_view envelope) {
  return bytes_field(2, bytes_field(1, envelope));
}

// C-10 to C-18.
TEST_F(StrictReadingHubRefusesTest, AnswersEachOtherSpellingWithItsError) {
  const std::string good = author_.publish("AM", {"BY"}, "Good");
  v1::Envelope parts;
  ASSERT_TRUE(parts.ParseFromString(good));
  const std::string header = bytes_field(1, parts.header());
  const std::string body = bytes_field(2, parts.body());
  const std::string signatures = bytes_field(3, parts.signatures());
  const std::string long_length =
      tag(1, 2) + long_varint(parts.header().size(), 5) + parts.header() + body + signatures;
  std::string kind = good;
  kind.replace(kind.find("threat.alert"), 12, "threat.aler\xff");

  EXPECT_EQ(hostile_->answer_to_envelope(body + header + signatures), "not-canonical");
  EXPECT_EQ(hostile_->answer_to_envelope(header + header + body + signatures), "not-canonical");
  EXPECT_EQ(hostile_->answer_to_envelope(long_length), "not-canonical");
  EXPECT_EQ(hostile_->answer_to_envelope(good + number_field(9, 1)), "unknown-field");
  EXPECT_EQ(hostile_->answer_to_envelope(good.substr(0, good.size() - 1)), "malformed");
  EXPECT_EQ(hostile_->answer_to_envelope(kind), "invalid-utf8");
  EXPECT_EQ(hostile_->answer_to_envelope("\xff\xff\xff"), "malformed");

  // The same for the frame around it.
  EXPECT_EQ(hostile_->answer_to(submit_frame(good) + number_field(99, 1)), "unknown-field");
  EXPECT_EQ(hostile_->answer_to(submit_frame(good) + submit_frame(good)), "not-canonical");
  EXPECT_EQ(hostile_->answer_to(std::string("\xff\xff\xff", 3)), "malformed");
  EXPECT_EQ(hostile_->answer_to(""), "malformed");
  EXPECT_EQ(hostile_->answer_to_envelope(good), "accepted");
  EXPECT_TRUE(eventually([&] { return node_->subjects() == std::vector<std::string>{"Good"}; }));
}

// C-19, as far as any message of the link could nest.
TEST_F(StrictReadingHubRefusesTest, TakesNoNestWithoutEnd) {
  std::string nest;
  for (int i = 0; i < 1000; ++i) {
    nest = bytes_field(1, nest);
  }
  EXPECT_EQ(hostile_->answer_to(nest), "malformed");
  const std::string groups(1'000'000, static_cast<char>(1U << 3U | 3U));
  EXPECT_EQ(hostile_->answer_to(groups), "malformed");
  EXPECT_EQ(hostile_->answer_to_envelope(nest), "malformed");
}

// C-19: 32,768 fields at most, and nothing is allocated before they are counted.
TEST_F(StrictReadingHubRefusesTest, AMillionEmptyMessagesCostNoMemory) {
  std::string elements;
  for (int i = 0; i < 1'000'000; ++i) {
    elements += bytes_field(1, "");
  }
  const std::string envelopes = bytes_field(2, elements);
  const std::string stanzas(elements.begin(), elements.begin() + 1'000'000);
  v1::Envelope parts;
  ASSERT_TRUE(parts.ParseFromString(author_.publish("AM", {"BY"}, "Good")));
  const std::string envelope =
      exchange::envelope_bytes(parts.header(), bytes_field(1, stanzas), parts.signatures());
  ASSERT_EQ(hostile_->answer_to(envelopes), "limit-exceeded");  // Buffers are there from now on.
  const std::uint64_t before_kib = hub_.daemon().resident_kib();
  ASSERT_GT(before_kib, 0U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(hostile_->answer_to(envelopes), "limit-exceeded");
    EXPECT_EQ(hostile_->answer_to_envelope(envelope), "limit-exceeded");
  }
  // A parsed message of a million parts would be tens of megabytes at once.
  EXPECT_LT(hub_.daemon().resident_kib(), before_kib + kGrowthKibMax);
}

// C-20: at the limit it is judged by what it says, over the limit by its size.
TEST_F(StrictReadingHubRefusesTest, PartsOfAnEnvelopeMayBeAsLargeAsTheLimitAndNoLarger) {
  const v1::Draft draft = exchange_.draft("AM", {"KZ"}, "emergency.alert");
  v1::Envelope parts;
  ASSERT_TRUE(parts.ParseFromString(signed_by_am(author_.clear(draft, "Text"))));
  const auto with_header_of = [&](std::size_t size) {
    v1::Header header;
    EXPECT_TRUE(header.ParseFromString(parts.header()));
    while (header.ByteSizeLong() < size) {
      header.mutable_salt()->append(size - header.ByteSizeLong(), 's');
      while (header.ByteSizeLong() > size) {
        header.mutable_salt()->pop_back();
      }
    }
    return exchange::envelope_bytes(header.SerializeAsString(), parts.body(), parts.signatures());
  };
  EXPECT_EQ(hostile_->answer_to_envelope(with_header_of(exchange::kHeaderBytesMax)), "malformed");
  EXPECT_EQ(hostile_->answer_to_envelope(with_header_of(exchange::kHeaderBytesMax + 1)),
            "limit-exceeded");

  const auto with_signatures_of = [&](std::size_t size) {
    v1::Signatures signatures;
    EXPECT_TRUE(signatures.ParseFromString(parts.signatures()));
    std::string& value = *signatures.mutable_signatures(0)->mutable_value();
    value.append(size - signatures.ByteSizeLong(), 's');
    while (signatures.ByteSizeLong() > size) {
      value.pop_back();
    }
    return exchange::envelope_bytes(parts.header(), parts.body(), signatures.SerializeAsString());
  };
  EXPECT_EQ(hostile_->answer_to_envelope(with_signatures_of(exchange::kSignaturesBytesMax)),
            "malformed");
  EXPECT_EQ(hostile_->answer_to_envelope(with_signatures_of(exchange::kSignaturesBytesMax + 1)),
            "limit-exceeded");

  const auto with_body_of = [&](std::size_t size) {
    // A field that no Text has yet: kept by who reads openly, and any number of bytes long.
    constexpr std::uint32_t kLaterField = 100;
    constexpr std::size_t kTagsAndLengths = 4 + 5;
    return signed_by_am(
        author_.clear(exchange_.draft("AM", {"KZ"}, "emergency.alert"),
                      bytes_field(kLaterField, std::string(size - kTagsAndLengths, 'x'))));
  };
  EXPECT_EQ(hostile_->answer_to_envelope(with_body_of(exchange::kBodyBytesMax)), "accepted");
  EXPECT_EQ(hostile_->answer_to_envelope(with_body_of(exchange::kBodyBytesMax + 1)),
            "limit-exceeded");
  EXPECT_TRUE(eventually([&] {
    honest_->drain();
    return honest_->delivered().size() == 1;
  }));
}

}  // namespace
}  // namespace chancery::test
