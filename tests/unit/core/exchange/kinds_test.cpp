#include "core/exchange/kinds.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "chancery/v1/notices.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/names.h"
#include "tests/support/outcome.h"
#include "tests/support/wire_bytes.h"

namespace chancery::exchange {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using test::outcome;

// Every field set, lists with two elements.
void fill(Message& message) {
  const google::protobuf::Reflection& set = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message.GetDescriptor()->field(i);
    for (int k = 0; k < (field->is_repeated() ? 2 : 1); ++k) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        fill(field->is_repeated() ? *set.AddMessage(&message, field)
                                  : *set.MutableMessage(&message, field));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && field->is_repeated()) {
        set.AddString(&message, field, "Точка № " + std::to_string(k));
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        set.SetString(&message, field, "Ещё \"один\" текст\n");
      } else if (field->type() == FieldDescriptor::TYPE_BYTES) {
        set.SetString(&message, field, std::string("\xff\x00\x80 hash", 8));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        set.SetEnumValue(&message, field, 2);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
        set.SetBool(&message, field, true);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
        set.SetUInt32(&message, field, 4'000'000'000U);
      } else {
        set.SetUInt64(&message, field, 9'007'199'254'740'993U);  // Over what a double holds.
      }
    }
  }
}

TEST(KindsTest, TheTableAscendsAndItsKindsAreWellFormed) {
  EXPECT_TRUE(std::ranges::is_sorted(kinds(), {}, &KindInfo::kind));
  std::set<std::string_view> seen;
  std::set<const google::protobuf::Descriptor*> messages;
  for (const KindInfo& info : kinds()) {
    EXPECT_TRUE(is_kind(info.kind)) << info.kind;
    EXPECT_FALSE(is_directory_kind(info.kind));
    EXPECT_TRUE(seen.insert(info.kind).second);
    EXPECT_TRUE(messages.insert(info.prototype->GetDescriptor()).second) << info.kind;
    EXPECT_EQ(find_kind(info.kind), &info);
  }
  EXPECT_EQ(find_kind("of.tomorrow"), nullptr);
  EXPECT_EQ(find_kind(""), nullptr);
}

// The groups of kinds that the exchange is for.
TEST(KindsTest, EveryGroupOfKindsIsThere) {
  for (const char* const kind :
       {"foreign-policy.step", "security.step", "contact", "threat.alert", "emergency.alert",
        "consultation.open", "assistance.request", "training", "document.draft", "acknowledgement",
        "statement", "consultation.tally"}) {
    EXPECT_NE(find_kind(kind), nullptr) << kind;
  }
}

TEST(KindsTest, EveryKindGoesFromJsonToBytesAndBack) {
  for (const KindInfo& info : kinds()) {
    for (const bool filled : {false, true}) {
      const std::unique_ptr<Message> message(info.prototype->New());
      if (filled) {
        fill(*message);
      }
      const std::string json = content_to_json(info.kind, message->SerializeAsString());
      const Result<v1::Text> text = text_from_json(info.kind, "Тема", "ru", json);
      ASSERT_EQ(outcome(text), "good") << info.kind << " " << json;
      EXPECT_EQ(text->subject(), "Тема");
      EXPECT_EQ(text->language(), "ru");
      EXPECT_EQ(text->content(), message->SerializeAsString()) << info.kind;
      EXPECT_EQ(content_to_json(info.kind, text->content()), json) << info.kind;
      EXPECT_EQ(outcome(parse_text(info.kind, text->SerializeAsString())), "good");
    }
  }
}

TEST(KindsTest, FieldNamesAreInSnakeCase) {
  v1::ForeignPolicyStep step;
  step.set_planned_for("2025-01-01");
  EXPECT_EQ(content_to_json("foreign-policy.step", step.SerializeAsString()),
            R"({"planned_for":"2025-01-01"})");
}

TEST(KindsTest, AJsonThatDoesNotFitIsRefused) {
  const auto code = [](std::string_view kind, std::string_view json) {
    return outcome(text_from_json(kind, "s", "ru", json));
  };
  EXPECT_EQ(code("contact", R"({"summary":"x"})"), "good");
  EXPECT_EQ(code("contact", R"({"sumary":"x"})"), "invalid-kind");
  EXPECT_EQ(code("contact", R"({"summary":["x"]})"), "invalid-kind");
  EXPECT_EQ(code("contact", R"({"summary":)"), "invalid-kind");
  EXPECT_EQ(code("contact", ""), "invalid-kind");
  EXPECT_EQ(code("contact", "[]"), "invalid-kind");
  EXPECT_EQ(code("threat.alert", R"({"category":"THREAT_CATEGORY_NONE"})"), "invalid-kind");
  EXPECT_EQ(code("training", R"({"seats":-1})"), "invalid-kind");
  EXPECT_EQ(code("of.tomorrow", "{}"), "invalid-kind");
  EXPECT_EQ(code("contact", "{\"summary\":\"\xff\"}"), "invalid-kind");
}

// C-27
TEST(KindsTest, ContentAsJsonHasItsLimit) {
  const auto padded = [](std::size_t bytes) {
    return outcome(text_from_json("contact", "s", "ru", std::string(bytes - 2, ' ') + "{}"));
  };
  EXPECT_EQ(padded(4U << 20U), "good");
  EXPECT_EQ(padded((4U << 20U) + 1), "limit-exceeded");
}

TEST(KindsTest, WhatIsNotKnownIsShownAsBytes) {
  EXPECT_EQ(content_to_json("of.tomorrow", "\x01\x02"), R"({"unknown":"0102"})");
  EXPECT_EQ(content_to_json("contact", "\xff\xff"), R"({"unknown":"ffff"})");
  EXPECT_EQ(content_to_json("contact", test::bytes_field(1, "\xff")), R"({"unknown":"0a01ff"})");
}

// What reading it comes to, and checking it as well.
std::string read(std::string_view kind, const std::string& bytes) {
  EXPECT_EQ(outcome(check_text(kind, bytes)), outcome(parse_text(kind, bytes)));
  return outcome(parse_text(kind, bytes));
}

// C-98
TEST(ParseTextTest, ATextIsValidProtobufAndUtf8) {
  v1::Text text;
  text.set_subject("Тема");
  EXPECT_EQ(read("contact", text.SerializeAsString()), "good");
  EXPECT_EQ(read("contact", "not protobuf"), "malformed");
  EXPECT_EQ(read("contact", test::bytes_field(1, "\xff")), "invalid-utf8");
  const std::string invalid = test::bytes_field(9, test::bytes_field(1, "\xff"));
  EXPECT_EQ(read("contact", invalid), "invalid-utf8");
  EXPECT_EQ(read("contact", test::bytes_field(9, "\xff")), "malformed");
  // Of a kind that is not known the content is anything.
  EXPECT_EQ(read("of.tomorrow", test::bytes_field(9, "\xff")), "good");
  // Of one that comes twice the last counts, whatever stands around it.
  const std::string valid = test::bytes_field(9, test::bytes_field(1, "a"));
  const std::string fixed = test::tag(101, 1) + std::string(8, '\x4a') + test::tag(102, 5) +
                            std::string(4, '\x4a') + test::tag(103, 0) + "\x4a";
  EXPECT_EQ(read("contact", invalid + fixed + valid + fixed), "good");
  EXPECT_EQ(read("contact", fixed + valid + fixed + invalid), "invalid-utf8");
}

// C-98
TEST(ParseTextTest, UnknownFieldsAreKept) {
  v1::Text known;
  known.set_subject("s");
  const std::string bytes = known.SerializeAsString() + test::bytes_field(1000, "new");
  const Result<v1::Text> text = parse_text("contact", bytes);
  ASSERT_EQ(outcome(text), "good");
  EXPECT_EQ(text->SerializeAsString(), bytes);
}

}  // namespace
}  // namespace chancery::exchange
