#include "core/exchange/forms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/code_point.h"
#include "core/exchange/names.h"

namespace chancery::exchange {
namespace {

constexpr std::size_t kDayBytes = 10;  // "2026-03-01"
constexpr std::size_t kLanguageBytesMax = 35;
constexpr std::size_t kSubtagBytesMax = 8;
constexpr std::size_t kDecimalBytesMax = 24;
constexpr std::size_t kPolygonPointsMin = 4;
constexpr double kRadiusMaxKm = 20'038;  // Half way round.

// ISO 3166-1 alpha-2, officially assigned, and the two organisations that it reserves codes for.
constexpr std::string_view kStates =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU "
    "GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW "
    "KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU "
    "MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM UN US UY UZ VA VC VE VG VI VN VU WF WS YE YT "
    "ZA ZM ZW";

constexpr std::array kCategories = {
    Word{"Geo", {"geophysical", "геофизическая"}},
    Word{"Met", {"meteorological", "метеорологическая"}},
    Word{"Safety", {"public safety", "общественная безопасность"}},
    Word{"Security", {"security", "безопасность и правопорядок"}},
    Word{"Rescue", {"rescue", "спасение"}},
    Word{"Fire", {"fire", "пожар"}},
    Word{"Health", {"health", "здравоохранение"}},
    Word{"Env", {"environment", "экология"}},
    Word{"Transport", {"transport", "транспорт"}},
    Word{"Infra", {"infrastructure", "инфраструктура"}},
    Word{"CBRNE",
         {"chemical, biological, radiological, nuclear or explosive",
          "химическая, биологическая, радиационная, ядерная или взрывоопасная"}},
    Word{"Other", {"other", "иная"}},
};

constexpr std::array kResponses = {
    Word{"Shelter", {"take shelter", "укрыться"}},
    Word{"Evacuate", {"evacuate", "эвакуироваться"}},
    Word{"Prepare", {"prepare", "подготовиться"}},
    Word{"Execute", {"execute a plan", "действовать по плану"}},
    Word{"Avoid", {"avoid", "избегать"}},
    Word{"Monitor", {"monitor", "следить за сообщениями"}},
    Word{"Assess", {"assess", "оценить обстановку"}},
    Word{"AllClear", {"all clear", "отбой"}},
    Word{"None", {"nothing to do", "действий не требуется"}},
};

bool is_upper_letter(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_letter(char c) {
  return is_upper_letter(c) || (c >= 'a' && c <= 'z');
}

bool is_digit_of_ten(char c) {
  return c >= '0' && c <= '9';
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

bool is_line(std::string_view text) {
  std::size_t characters = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.is_broken || is_control(point.value) || ++characters > kLineCharactersMax) {
      return false;
    }
    text.remove_prefix(point.size);
  }
  return true;
}

bool is_state(std::string_view text) {
  const bool is_code = text.size() == 2 && std::ranges::all_of(text, is_upper_letter);
  return is_code ? kStates.find(text) != std::string_view::npos : is_line(text);
}

std::vector<std::string_view> parts_between(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

// RFC 5646, section 2.1, without its registries: a language of two to eight letters and subtags,
// or a tag for private use.
bool is_language(std::string_view text) {
  if (text.size() > kLanguageBytesMax) {
    return false;
  }
  const std::vector<std::string_view> subtags = parts_between(text, '-');
  const std::string_view first = subtags.front();
  const bool is_private = (first == "x" || first == "X") && subtags.size() > 1;
  if (!is_private && (first.size() < 2 || !std::ranges::all_of(first, is_letter))) {
    return false;
  }
  return std::ranges::all_of(subtags, [](std::string_view subtag) {
    return !subtag.empty() && subtag.size() <= kSubtagBytesMax &&
           std::ranges::all_of(subtag, [](char c) { return is_letter(c) || is_digit_of_ten(c); });
  });
}

bool is_address(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  return scheme != 0 && text.size() > scheme && is_line(text) &&
         text.find(' ') == std::string_view::npos;
}

std::optional<double> decimal(std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return is_digit_of_ten(c) || c == '.' || c == '-'; });
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return plain && text.size() <= kDecimalBytesMax && error == std::errc() &&
                 end == text.data() + text.size()
             ? std::optional(value)
             : std::nullopt;
}

bool is_point(std::string_view text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  const auto latitude = decimal(text.substr(0, comma));
  const auto longitude = decimal(text.substr(std::min(comma + 1, text.size())));
  return latitude && longitude && *latitude >= -90 && *latitude <= 90 && *longitude >= -180 &&
         *longitude <= 180;
}

bool is_polygon(std::string_view text) {
  const std::vector<std::string_view> points = parts_between(text, ' ');
  return points.size() >= kPolygonPointsMin && points.front() == points.back() &&
         std::ranges::all_of(points, is_point);
}

bool is_circle(std::string_view text) {
  const std::size_t space = std::min(text.find(' '), text.size());
  const auto radius = decimal(text.substr(std::min(space + 1, text.size())));
  return is_point(text.substr(0, space)) && radius && *radius >= 0 && *radius <= kRadiusMaxKm;
}

// With seconds and an offset, as RFC 3339 has it.
bool is_full_time(std::string_view text) {
  constexpr std::size_t kSecondsColon = 16;
  return text.size() > kSecondsColon && text[kDayBytes] == 'T' && text[kSecondsColon] == ':' &&
         time_from_rfc3339(text).has_value();
}

bool is_day(std::string_view text) {
  return text.size() == kDayBytes && time_from_rfc3339(text).has_value();
}

bool is_one_of(std::span<const Word> words, std::string_view value) {
  return std::ranges::find(words, value, &Word::word) != words.end();
}

}  // namespace

Words form_words(Form form) {
  switch (form) {
    case Form::kProse:
      return {"a text", "текст"};
    case Form::kLine:
      return {"one line of at most 500 characters", "одна строка, не более 500 знаков"};
    case Form::kState:
      return {"a name, or a code of ISO 3166-1 as TJ", "название или код ISO 3166-1, как TJ"};
    case Form::kMember:
      return {"a member code, as AM", "код участника, как AM"};
    case Form::kLanguage:
      return {"a language tag of BCP 47, as ru", "код языка по BCP 47, как ru"};
    case Form::kDay:
      return {"a date of the calendar, as 2026-03-01", "дата по календарю, как 2026-03-01"};
    case Form::kDayOrTime:
      return {"a date or a time of RFC 3339, as 2026-03-01 or 2026-03-01T08:30:00Z",
              "дата или время по RFC 3339, как 2026-03-01 или 2026-03-01T08:30:00Z"};
    case Form::kTime:
      return {"a time of RFC 3339, as 2026-03-01T08:30:00Z",
              "время по RFC 3339, как 2026-03-01T08:30:00Z"};
    case Form::kAddress:
      return {"an address that begins with https:// or http://",
              "адрес, который начинается с https:// или http://"};
    case Form::kCategory:
      return {"a category of CAP 1.2", "категория по CAP 1.2"};
    case Form::kResponse:
      return {"a response type of CAP 1.2", "рекомендуемое действие по CAP 1.2"};
    case Form::kPolygon:
      return {"four points or more as 'lat,lon lat,lon lat,lon lat,lon', the last as the first",
              "четыре точки или больше, как «широта,долгота широта,долгота …», последняя равна "
              "первой"};
    case Form::kCircle:
      return {"'lat,lon radius', in kilometres", "«широта,долгота радиус», в километрах"};
    case Form::kDecimal:
      return {"a decimal number, as 120.5", "десятичное число, как 120.5"};
    case Form::kHash:
      return {"32 bytes in base64", "32 байта в base64"};
    case Form::kBytes:
      return {"bytes in base64", "байты в base64"};
    case Form::kNumber:
      return {"a number above zero", "число больше нуля"};
    case Form::kInstant:
      return {"a Unix time in milliseconds", "время Unix в миллисекундах"};
    case Form::kDuration:
      return {"a number of milliseconds", "число миллисекунд"};
    case Form::kChoice:
      return {"one of the values", "одно из значений"};
    case Form::kTruth:
      return {"true or false", "true или false"};
    case Form::kObject:
      return {"an object", "объект"};
  }
  return {};
}

std::span<const Word> words_of(Form form) {
  return form == Form::kCategory   ? std::span<const Word>(kCategories)
         : form == Form::kResponse ? std::span<const Word>(kResponses)
                                   : std::span<const Word>();
}

bool has_form(Form form, std::string_view value) {
  switch (form) {
    case Form::kLine:
      return is_line(value);
    case Form::kState:
      return is_state(value);
    case Form::kMember:
      return is_member_code(value);
    case Form::kLanguage:
      return is_language(value);
    case Form::kDay:
    case Form::kDayOrTime:
    case Form::kTime:
      return span_of(form, value).has_value();
    case Form::kAddress:
      return is_address(value);
    case Form::kCategory:
    case Form::kResponse:
      return is_one_of(words_of(form), value);
    case Form::kPolygon:
      return is_polygon(value);
    case Form::kCircle:
      return is_circle(value);
    case Form::kDecimal:
      return decimal(value).has_value();
    case Form::kHash:
      return value.size() == std::tuple_size_v<Hash>;
    default:
      return true;
  }
}

std::optional<Span> span_of(Form form, std::string_view value) {
  const bool day = form != Form::kTime && is_day(value);
  const bool time = form != Form::kDay && is_full_time(value);
  const auto begin = day || time ? time_from_rfc3339(value) : std::nullopt;
  if (!begin) {
    return std::nullopt;
  }
  return Span{.begin = *begin,
              .end = day ? *begin + std::chrono::days(1) - std::chrono::microseconds(1) : *begin};
}

}  // namespace chancery::exchange
