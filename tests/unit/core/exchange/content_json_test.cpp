#include "core/exchange/content_json.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>

#include "chancery/v1/notices.pb.h"

namespace chancery::exchange {
namespace {

// What protobuf's own mapping makes of it.
template <class Content>
std::string mapped(const std::string& json) {
  Content content;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &content).ok()) << json;
  return content.SerializeAsString();
}

template <class Content>
void expect_plain(const std::string& json) {
  Content content;
  EXPECT_TRUE(read_plain_json(json, content)) << json;
  EXPECT_EQ(content.SerializeAsString(), mapped<Content>(json)) << json;
}

template <class Content>
bool is_plain(const std::string& json) {
  Content content;
  return read_plain_json(json, content);
}

TEST(ContentJsonTest, WhatIsPlainIsReadAsProtobufsMappingReadsIt) {
  expect_plain<v1::Contact>("{}");
  expect_plain<v1::Contact>(R"( {"summary": "", "topics": []} )");
  expect_plain<v1::Contact>(
      R"({"summary":"Ереван \"а\"\n\\ \/\b\f\r\t","topics":["one","","two"],"date":"2027-01-05"})");
  expect_plain<v1::Contact>("{\"summary\":\"\\u0415 \\ud834\\uDD1E \\u0000\"}");
  expect_plain<v1::ThreatAlert>(R"({"category":"THREAT_CATEGORY_CYBER","areas":["north"]})");
  expect_plain<v1::ThreatAlert>(R"({"category":"THREAT_CATEGORY_UNSPECIFIED"})");
  expect_plain<v1::ConsultationOpen>(
      R"({"deadline_ms":18446744073709551615,"notice_period_ms":0,"majority":4294967295,
          "rule":"CONSULTATION_RULE_MAJORITY","reservations_allowed":true})");
  expect_plain<v1::ConsultationOpen>(R"({"reservations_allowed":false,"majority":7})");
  expect_plain<v1::AssistanceRequest>(
      R"({"items":[{"item":"pump","quantity":3,"unit":"piece"},{},{"item":"boat"}]})");
  expect_plain<v1::EmergencyAlert>(
      R"({"zones":[{"description":"a","geocodes":[{"name":"n"}]},{"circles":["1,2 3"]}]})");
  expect_plain<v1::Statement>(R"({"size":9007199254740993})");
}

TEST(ContentJsonTest, WhatMayBeRightAnotherWayIsLeftToProtobufsMapping) {
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"noticePeriodMs":1})"));
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"deadline_ms":"1"})"));
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"deadline_ms":1.0})"));
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"rule":1})"));
  EXPECT_FALSE(is_plain<v1::Contact>(R"({"summary":null})"));
  EXPECT_FALSE(is_plain<v1::Contact>(R"({"topics":null})"));
  EXPECT_FALSE(is_plain<v1::Contact>(R"({"summary":1})"));
  EXPECT_FALSE(is_plain<v1::Acknowledgement>(R"({"notice":"AAAA"})"));  // Bytes, in base64.
}

TEST(ContentJsonTest, WhatIsWrongIsLeftToProtobufsMapping) {
  for (const char* const json :
       {"", "[]", "null", "{", "{}x", R"({"summary":"a"}{})", R"({"nothing":"x"})",
        R"({"summary":"a","summary":"b"})", R"({"summary":"","summary":"b"})", R"({"topics":"a"})",
        R"({"topics":[["a"]]})", "{\"summary\":\"\xff\"}", "{\"summary\":\"\\ud834\"}",
        "{\"summary\":\"\\udd1e\"}", R"({"summary":{}})", R"({"summary":true})"}) {
    EXPECT_FALSE(is_plain<v1::Contact>(json)) << json;
  }
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"majority":4294967296})"));
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"majority":-1})"));
  EXPECT_FALSE(is_plain<v1::ConsultationOpen>(R"({"rule":"RULE"})"));
  EXPECT_FALSE(is_plain<v1::AssistanceRequest>(R"({"items":{}})"));
  EXPECT_FALSE(is_plain<v1::AssistanceRequest>(R"({"items":[{"item":1}]})"));
  EXPECT_FALSE(is_plain<v1::Contact>(R"({"summary":")" + std::string(1U << 20U, 'a') + R"("})"));
}

}  // namespace
}  // namespace chancery::exchange
