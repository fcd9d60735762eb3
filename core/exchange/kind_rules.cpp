#include "core/exchange/kind_rules.h"

#include <algorithm>
#include <array>

#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"

namespace chancery::exchange {
namespace {

constexpr Need kRequired = Need::kRequired;
constexpr Need kOptional = Need::kOptional;
constexpr std::uint64_t kNumberMax = 1'000'000;
constexpr std::uint64_t kQuantityMax = 1'000'000'000'000;
constexpr std::uint64_t kCountMax = 1ULL << 53U;  // What every reader of JSON holds.

constexpr Words kSummary = {"Summary", "Краткое содержание"};
constexpr Words kDescription = {"Description", "Описание"};
constexpr Words kPlace = {"Place", "Место"};
constexpr Words kDate = {"Date", "Дата"};
constexpr Words kBegins = {"Begins", "Начало"};
constexpr Words kEnds = {"Ends", "Окончание"};
constexpr Words kAreas = {"Areas", "Районы"};
constexpr Words kTitle = {"Title", "Название"};
constexpr Words kText = {"Text", "Текст"};
constexpr Words kReason = {"Reason", "Причина"};
constexpr Words kVersion = {"Version", "Редакция"};
constexpr Words kItems = {"Items", "Перечень"};
constexpr Words kItem = {"Item", "Наименование"};
constexpr Words kQuantity = {"Quantity", "Количество"};
constexpr Words kUnit = {"Unit", "Единица"};
constexpr Words kDeadline = {"Deadline", "Срок ответа"};
constexpr Words kCount = {"Count", "Количество"};
constexpr Words kRoot = {"Root", "Корень"};
constexpr Words kIndex = {"Index", "Индекс"};
constexpr Words kName = {"Name", "Имя"};
constexpr Words kValue = {"Value", "Значение"};

constexpr std::array kAcknowledgement = {
    FieldRule{"notice", Form::kHash, {"Notice", "Сообщение"}, kRequired},
    FieldRule{"level", Form::kChoice, {"Level", "Степень"}, kRequired},
    FieldRule{"remark", Form::kProse, {"Remark", "Примечание"}},
};

constexpr std::array kAccept = {
    FieldRule{"items", Form::kObject, kItems, kRequired},
    FieldRule{"items.item", Form::kLine, kItem, kRequired},
    FieldRule{"items.quantity", Form::kNumber, kQuantity, kRequired, kQuantityMax},
    FieldRule{"items.unit", Form::kLine, kUnit, kRequired},
    FieldRule{"arrangements", Form::kProse, {"Arrangements", "Порядок передачи"}},
};

constexpr std::array kComplete = {
    FieldRule{"delivered", Form::kObject, {"Delivered", "Передано"}},
    FieldRule{"delivered.item", Form::kLine, kItem, kRequired},
    FieldRule{"delivered.quantity", Form::kNumber, kQuantity, kRequired, kQuantityMax},
    FieldRule{"delivered.unit", Form::kLine, kUnit, kRequired},
    FieldRule{"report", Form::kProse, {"Report", "Отчёт"}},
};

constexpr std::array kDecline = {
    FieldRule{"reason", Form::kProse, kReason},
};

constexpr std::array kOffer = {
    FieldRule{"items", Form::kObject, kItems, kRequired},
    FieldRule{"items.item", Form::kLine, kItem, kRequired},
    FieldRule{"items.quantity", Form::kNumber, kQuantity, kRequired, kQuantityMax},
    FieldRule{"items.unit", Form::kLine, kUnit, kRequired},
    FieldRule{"available_from", Form::kDayOrTime, {"Available from", "Доступно с"}},
    FieldRule{"conditions", Form::kProse, {"Conditions", "Условия"}},
};

constexpr std::array kRequest = {
    FieldRule{"situation", Form::kProse, {"Situation", "Обстановка"}, kRequired},
    FieldRule{"items", Form::kObject, kItems, kRequired},
    FieldRule{"items.item", Form::kLine, kItem, kRequired},
    FieldRule{"items.quantity", Form::kNumber, kQuantity, kRequired, kQuantityMax},
    FieldRule{"items.unit", Form::kLine, kUnit, kRequired},
    FieldRule{"place", Form::kLine, kPlace},
    FieldRule{"needed_by", Form::kDayOrTime, {"Needed by", "Требуется к"}},
};

constexpr std::array kExtend = {
    FieldRule{"deadline_ms", Form::kInstant, kDeadline, kRequired},
    FieldRule{"reason", Form::kProse, kReason},
};

constexpr std::array kOpen = {
    FieldRule{"question", Form::kProse, {"Question", "Вопрос"}, kRequired},
    FieldRule{"proposal", Form::kProse, {"Proposal", "Предложение"}},
    FieldRule{
        "participants", Form::kMember, {"Participants", "Участники"}, kRequired, kMemberCountMax},
    FieldRule{"deadline_ms", Form::kInstant, kDeadline, kRequired},
    FieldRule{"notice_period_ms",
              Form::kDuration,
              {"Notice period", "Срок уведомления"},
              kOptional,
              kUnixMsMax},
    FieldRule{"rule", Form::kChoice, {"Rule", "Правило"}, kRequired},
    FieldRule{"majority", Form::kNumber, {"Majority", "Большинство"}, kOptional, kMemberCountMax},
    FieldRule{
        "reservations_allowed", Form::kTruth, {"Reservations allowed", "Оговорки допускаются"}},
};

constexpr std::array kRespond = {
    FieldRule{"position", Form::kChoice, {"Position", "Позиция"}, kRequired},
    FieldRule{"reservation", Form::kProse, {"Reservation", "Оговорка"}},
    FieldRule{"statement", Form::kProse, {"Statement", "Заявление"}},
};

constexpr std::array kTally = {
    FieldRule{"open", Form::kHash, {"Opening", "Открытие"}, kRequired},
    FieldRule{"answer", Form::kChoice, {"Answer", "Ответ"}, kRequired},
    FieldRule{"own", Form::kHash, {"Own notice", "Собственное сообщение"}},
    FieldRule{"cut", Form::kBytes, {"Checkpoint of the cut", "Контрольная точка"}, kRequired},
    FieldRule{"response", Form::kHash, {"Own response", "Собственный ответ"}},
};

constexpr std::array kWithdraw = {
    FieldRule{"reason", Form::kProse, kReason},
};

constexpr std::array kContact = {
    FieldRule{"summary", Form::kProse, kSummary},
    FieldRule{"counterpart", Form::kLine, {"Counterpart", "С кем"}, kRequired},
    FieldRule{"level", Form::kLine, {"Level", "Уровень"}},
    FieldRule{"place", Form::kLine, kPlace},
    FieldRule{"date", Form::kDay, kDate},
    FieldRule{"topics", Form::kLine, {"Topics", "Темы"}},
    FieldRule{"outcome", Form::kProse, {"Outcome", "Итоги"}},
};

constexpr std::array kAdopt = {
    FieldRule{"version", Form::kNumber, kVersion, kRequired, kNumberMax},
    FieldRule{"adopted_by", Form::kLine, {"Adopted by", "Кем принят"}},
    FieldRule{"place", Form::kLine, kPlace},
    FieldRule{"date", Form::kDay, kDate},
};

constexpr std::array kComment = {
    FieldRule{"version", Form::kNumber, kVersion, kRequired, kNumberMax},
    FieldRule{"place", Form::kLine, {"Place in the text", "Место в тексте"}},
    FieldRule{"comment", Form::kProse, {"Comment", "Замечание"}, kRequired},
};

constexpr std::array kDocumentDraft = {
    FieldRule{"title", Form::kLine, kTitle, kRequired},
    FieldRule{"text", Form::kProse, kText},
    FieldRule{"purpose", Form::kProse, {"Purpose", "Цель"}},
};

constexpr std::array kDocumentVersion = {
    FieldRule{"version", Form::kNumber, kVersion, kRequired, kNumberMax},
    FieldRule{"text", Form::kProse, kText},
    FieldRule{"changes", Form::kProse, {"Changes", "Изменения"}},
};

constexpr std::array kEmergency = {
    FieldRule{"event", Form::kLine, {"Event", "Событие"}, kRequired},
    FieldRule{"headline", Form::kLine, {"Headline", "Заголовок"}},
    FieldRule{"description", Form::kProse, kDescription},
    FieldRule{"instruction", Form::kProse, {"Instruction", "Указания"}},
    FieldRule{"urgency", Form::kChoice, {"Urgency", "Срочность"}, kRequired},
    FieldRule{"severity", Form::kChoice, {"Severity", "Тяжесть"}, kRequired},
    FieldRule{"certainty", Form::kChoice, {"Certainty", "Достоверность"}, kRequired},
    FieldRule{"areas", Form::kLine, kAreas},
    FieldRule{"effective", Form::kTime, {"Effective", "Действует с"}},
    FieldRule{"expires", Form::kTime, {"Expires", "Действует до"}},
    FieldRule{"categories", Form::kCategory, {"Categories", "Категории"}, kRequired},
    FieldRule{"response_types", Form::kResponse, {"Response", "Рекомендуемые действия"}},
    FieldRule{"audience", Form::kLine, {"Audience", "Кому предназначено"}},
    FieldRule{"event_codes", Form::kObject, {"Event codes", "Коды события"}},
    FieldRule{"event_codes.name", Form::kLine, kName, kRequired},
    FieldRule{"event_codes.value", Form::kLine, kValue, kRequired},
    FieldRule{"onset", Form::kTime, {"Onset", "Ожидаемое начало"}},
    FieldRule{"sender_name", Form::kLine, {"Sender", "Отправитель"}},
    FieldRule{"web", Form::kAddress, {"Web", "Сайт"}},
    FieldRule{"contact", Form::kLine, {"Contact", "Связь"}},
    FieldRule{"parameters", Form::kObject, {"Parameters", "Параметры"}},
    FieldRule{"parameters.name", Form::kLine, kName, kRequired},
    FieldRule{"parameters.value", Form::kLine, kValue, kRequired},
    FieldRule{"zones", Form::kObject, {"Zones", "Зоны"}},
    FieldRule{"zones.description", Form::kLine, kDescription, kRequired},
    FieldRule{"zones.polygons", Form::kPolygon, {"Polygons", "Многоугольники"}},
    FieldRule{"zones.circles", Form::kCircle, {"Circles", "Окружности"}},
    FieldRule{"zones.geocodes", Form::kObject, {"Geocodes", "Геокоды"}},
    FieldRule{"zones.geocodes.name", Form::kLine, kName, kRequired},
    FieldRule{"zones.geocodes.value", Form::kLine, kValue, kRequired},
    FieldRule{"zones.altitude", Form::kDecimal, {"Altitude, feet", "Высота от, футов"}},
    FieldRule{"zones.ceiling", Form::kDecimal, {"Ceiling, feet", "Высота до, футов"}},
    FieldRule{"note", Form::kProse, {"Note", "Пояснение"}},
    FieldRule{"incidents", Form::kLine, {"Incidents", "Происшествия"}},
};

constexpr std::array kForeignPolicy = {
    FieldRule{"summary", Form::kProse, kSummary, kRequired},
    FieldRule{"step", Form::kProse, {"Step", "Шаг"}},
    FieldRule{"concerned", Form::kState, {"Concerned", "Кого касается"}},
    FieldRule{"planned_for", Form::kDay, {"Planned for", "Намечено на"}},
    FieldRule{"rationale", Form::kProse, {"Rationale", "Обоснование"}},
};

constexpr std::array kSecurity = {
    FieldRule{"summary", Form::kProse, kSummary, kRequired},
    FieldRule{"measure", Form::kProse, {"Measure", "Мера"}},
    FieldRule{"areas", Form::kLine, kAreas},
    FieldRule{"begins", Form::kDayOrTime, kBegins},
    FieldRule{"ends", Form::kDayOrTime, kEnds},
    FieldRule{"forces", Form::kLine, {"Forces", "Силы и средства"}},
};

// Nodes make them: core/exchange/completeness.h judges what they say.
constexpr std::array kStatement = {
    FieldRule{"peer", Form::kMember, {"Peer", "Другая сторона"}, kRequired},
    FieldRule{"size", Form::kNumber, {"Size of the log", "Размер журнала"}, kOptional, kCountMax},
    FieldRule{"root", Form::kHash, kRoot},
    FieldRule{"received", Form::kObject, {"Received", "Получено"}},
    FieldRule{"received.count", Form::kNumber, kCount, kOptional, kCountMax},
    FieldRule{"received.root", Form::kHash, kRoot},
    FieldRule{"sent", Form::kObject, {"Sent", "Отправлено"}},
    FieldRule{"sent.count", Form::kNumber, kCount, kOptional, kCountMax},
    FieldRule{"sent.root", Form::kHash, kRoot},
    FieldRule{"early", Form::kObject, {"Early", "Пришло раньше"}, kOptional, kCountMax},
    FieldRule{"early.index", Form::kNumber, kIndex, kOptional, kCountMax},
    FieldRule{"unopenable", Form::kObject, {"Unopenable", "Не вскрыто"}, kOptional, kCountMax},
    FieldRule{"unopenable.index", Form::kNumber, kIndex, kOptional, kCountMax},
};

constexpr std::array kThreat = {
    FieldRule{"category", Form::kChoice, {"Category", "Категория"}, kRequired},
    FieldRule{"summary", Form::kProse, kSummary, kRequired},
    FieldRule{"description", Form::kProse, kDescription},
    FieldRule{"areas", Form::kLine, kAreas},
    FieldRule{"indicators", Form::kLine, {"Indicators", "Признаки"}},
    FieldRule{"recommended_action", Form::kProse, {"Recommended action", "Рекомендуемые действия"}},
};

constexpr std::array kTraining = {
    FieldRule{"title", Form::kLine, kTitle, kRequired},
    FieldRule{"organiser", Form::kLine, {"Organiser", "Организатор"}},
    FieldRule{"place", Form::kLine, kPlace},
    FieldRule{"begins", Form::kDayOrTime, kBegins},
    FieldRule{"ends", Form::kDayOrTime, kEnds},
    FieldRule{"seats", Form::kNumber, {"Seats", "Мест"}, kOptional, kNumberMax},
    FieldRule{"services", Form::kLine, {"Services", "Службы"}},
    FieldRule{"description", Form::kProse, kDescription},
};

constexpr std::array kReply = {Relation{Relates::kInReplyTo}};
constexpr std::array kCompleteRelations = {Relation{Relates::kEither, "delivered", "report"}};
constexpr std::array kExtendRelations = {Relation{Relates::kInReplyTo},
                                         Relation{Relates::kFuture, "deadline_ms"}};
constexpr std::array kOpenRelations = {
    Relation{Relates::kFuture, "deadline_ms"},
    Relation{Relates::kNoticeTime, "notice_period_ms", "deadline_ms"},
    Relation{Relates::kMajority, "majority", "rule", 3},
    Relation{Relates::kEachOnce, "participants"},
};
constexpr std::array kRespondRelations = {
    Relation{Relates::kInReplyTo},
    Relation{Relates::kExactlyWith, "reservation", "position", 2},
};
constexpr std::array kTallyRelations = {Relation{Relates::kExactlyWith, "own", "answer", 1}};
constexpr std::array kAttachable = {Relation{Relates::kOrAttached, "text"}};
constexpr std::array kEmergencyRelations = {
    Relation{Relates::kBefore, "effective", "expires"},
    Relation{Relates::kNotAfter, "onset", "expires"},
};
constexpr std::array kPeriod = {Relation{Relates::kNotAfter, "begins", "ends"}};

constexpr std::array kAllRules = {
    KindRules{"acknowledgement", {"acknowledgement", "подтверждение"}, kAcknowledgement, {}},
    KindRules{
        "assistance.accept", {"acceptance of assistance", "принятие помощи"}, kAccept, kReply},
    KindRules{"assistance.complete",
              {"completion of assistance", "завершение помощи"},
              kComplete,
              kCompleteRelations},
    KindRules{"assistance.decline", {"refusal of assistance", "отказ от помощи"}, kDecline, kReply},
    KindRules{"assistance.offer", {"offer of assistance", "предложение помощи"}, kOffer, {}},
    KindRules{"assistance.request", {"request for assistance", "запрос помощи"}, kRequest, {}},
    KindRules{"consultation.extend",
              {"extension of a consultation", "продление консультации"},
              kExtend,
              kExtendRelations},
    KindRules{"consultation.open", {"consultation", "консультация"}, kOpen, kOpenRelations},
    KindRules{"consultation.respond",
              {"answer to a consultation", "ответ на консультацию"},
              kRespond,
              kRespondRelations},
    KindRules{"consultation.tally",
              {"tally of a consultation", "подсчёт консультации"},
              kTally,
              kTallyRelations},
    KindRules{"consultation.withdraw",
              {"withdrawal of a consultation", "отзыв консультации"},
              kWithdraw,
              kReply},
    KindRules{
        "contact", {"contact with a third party", "контакт с третьей стороной"}, kContact, {}},
    KindRules{"document.adopt", {"adoption of a document", "принятие документа"}, kAdopt, {}},
    KindRules{"document.comment", {"comment on a document", "замечание к документу"}, kComment, {}},
    KindRules{
        "document.draft", {"draft document", "проект документа"}, kDocumentDraft, kAttachable},
    KindRules{"document.version",
              {"version of a document", "редакция документа"},
              kDocumentVersion,
              kAttachable},
    KindRules{"emergency.alert",
              {"emergency alert", "оповещение о чрезвычайной ситуации"},
              kEmergency,
              kEmergencyRelations},
    KindRules{"foreign-policy.step",
              {"step in foreign policy", "внешнеполитический шаг"},
              kForeignPolicy,
              {}},
    KindRules{
        "security.step", {"step in security", "шаг в области безопасности"}, kSecurity, kPeriod},
    KindRules{"statement", {"statement of a pair", "сверка двух сторон"}, kStatement, {}},
    KindRules{"threat.alert", {"threat alert", "предупреждение об угрозе"}, kThreat, {}},
    KindRules{"training", {"training", "обучение"}, kTraining, kPeriod},
};

constexpr std::array kValues = {
    Word{"ACKNOWLEDGEMENT_LEVEL_READ", {"read", "прочитано"}},
    Word{"ACKNOWLEDGEMENT_LEVEL_ACTIONED", {"actioned", "исполнено"}},
    Word{"THREAT_CATEGORY_TERRORISM", {"terrorism", "терроризм"}},
    Word{"THREAT_CATEGORY_EXTREMISM", {"extremism", "экстремизм"}},
    Word{"THREAT_CATEGORY_NARCOTICS", {"narcotics", "незаконный оборот наркотиков"}},
    Word{"THREAT_CATEGORY_ILLEGAL_MIGRATION", {"illegal migration", "незаконная миграция"}},
    Word{"THREAT_CATEGORY_PROLIFERATION",
         {"proliferation", "распространение оружия массового уничтожения"}},
    Word{"THREAT_CATEGORY_ARMS_TRAFFIC", {"arms traffic", "незаконный оборот оружия"}},
    Word{"THREAT_CATEGORY_CYBER", {"cyber", "киберугрозы"}},
    Word{"THREAT_CATEGORY_OTHER", {"other", "иная"}},
    Word{"URGENCY_IMMEDIATE", {"immediate", "немедленно"}},
    Word{"URGENCY_EXPECTED", {"expected", "в течение часа"}},
    Word{"URGENCY_FUTURE", {"future", "в ближайшее время"}},
    Word{"URGENCY_PAST", {"past", "действий более не требуется"}},
    Word{"URGENCY_UNKNOWN", {"unknown", "неизвестно"}},
    Word{"SEVERITY_EXTREME", {"extreme", "чрезвычайная"}},
    Word{"SEVERITY_SEVERE", {"severe", "тяжёлая"}},
    Word{"SEVERITY_MODERATE", {"moderate", "умеренная"}},
    Word{"SEVERITY_MINOR", {"minor", "незначительная"}},
    Word{"SEVERITY_UNKNOWN", {"unknown", "неизвестно"}},
    Word{"CERTAINTY_OBSERVED", {"observed", "наблюдается"}},
    Word{"CERTAINTY_LIKELY", {"likely", "вероятно"}},
    Word{"CERTAINTY_POSSIBLE", {"possible", "возможно"}},
    Word{"CERTAINTY_UNLIKELY", {"unlikely", "маловероятно"}},
    Word{"CERTAINTY_UNKNOWN", {"unknown", "неизвестно"}},
    Word{"CONSULTATION_RULE_SILENCE", {"silence", "молчаливое согласие"}},
    Word{"CONSULTATION_RULE_CONSENSUS", {"consensus", "консенсус"}},
    Word{"CONSULTATION_RULE_MAJORITY", {"majority", "большинство"}},
    Word{"POSITION_AGREE", {"agree", "согласие"}},
    Word{"POSITION_AGREE_WITH_RESERVATION", {"agree with a reservation", "согласие с оговоркой"}},
    Word{"POSITION_ABSTAIN", {"abstain", "воздержание"}},
    Word{"POSITION_OBJECT", {"object", "возражение"}},
    Word{"TALLY_ANSWER_OWN", {"own answer", "собственный ответ"}},
    Word{"TALLY_ANSWER_NONE", {"none", "ответа нет"}},
    Word{"TALLY_ANSWER_SERVED_LATE", {"served late", "вручено с опозданием"}},
};

const google::protobuf::Descriptor& type_of(const KindRules& rules) {
  return *find_kind(rules.kind)->prototype->GetDescriptor();
}

// Of a path, as "zones.geocodes.name".
const google::protobuf::FieldDescriptor& field_at(const google::protobuf::Descriptor& type,
                                                  std::string_view path) {
  const std::size_t dot = path.find('.');
  const auto& field = *type.FindFieldByName(std::string(path.substr(0, dot)));
  return dot == std::string_view::npos ? field
                                       : field_at(*field.message_type(), path.substr(dot + 1));
}

}  // namespace

std::span<const KindRules> kind_rules() {
  return kAllRules;
}

const KindRules* find_rules(std::string_view kind) {
  const auto* const found = std::ranges::find(kAllRules, kind, &KindRules::kind);
  return found == kAllRules.end() ? nullptr : found;
}

const FieldRule* find_rule(const KindRules& rules, std::string_view path) {
  const auto found = std::ranges::find(rules.fields, path, &FieldRule::path);
  return found == rules.fields.end() ? nullptr : &*found;
}

Words value_words(std::string_view enumerator) {
  const auto* const found = std::ranges::find(kValues, enumerator, &Word::word);
  return found == kValues.end() ? Words{} : found->name;
}

bool is_made_by_nodes(std::string_view kind) {
  return kind == "statement" || kind == "consultation.tally";
}

bool is_list(const KindRules& rules, const FieldRule& rule) {
  return field_at(type_of(rules), rule.path).is_repeated();
}

std::string rule_line(const KindRules& rules, const FieldRule& rule, Language language) {
  const google::protobuf::FieldDescriptor& field = field_at(type_of(rules), rule.path);
  std::string out;
  if (field.is_repeated()) {
    constexpr Words kUpTo = {"up to ", "не более "};
    constexpr Words kEach = {", each ", ", каждый элемент: "};
    out.append(kUpTo.in(language)).append(std::to_string(rule.most)).append(kEach.in(language));
  }
  out += form_words(rule.form).in(language);
  if (rule.form == Form::kChoice) {
    out += ": " + choices_of(*field.enum_type());
  }
  for (const Word& word : words_of(rule.form)) {
    out.append(word.word == words_of(rule.form).front().word ? ": " : ", ").append(word.word);
  }
  if (rule.form == Form::kNumber) {
    constexpr Words kAtMost = {", at most ", ", не больше "};
    out.append(kAtMost.in(language)).append(std::to_string(rule.most));
  }
  return out;
}

std::string relation_line(const KindRules& rules, const Relation& relation, Language language) {
  const std::string field(relation.field);
  std::string other(relation.other);
  if (relation.value != 0) {
    const auto& choices = *field_at(type_of(rules), relation.other).enum_type();
    other += " " + choices.FindValueByNumber(relation.value)->name();
  }
  const auto say = [language](const std::string& english, const std::string& russian) {
    return language == Language::kEnglish ? english : russian;
  };
  switch (relation.relates) {
    case Relates::kNotAfter:
      return say(field + " is not after " + other, field + " не позже " + other);
    case Relates::kBefore:
      return say(field + " is before " + other, field + " раньше " + other);
    case Relates::kFuture:
      return say(field + " is later than now", field + " позже текущего времени");
    case Relates::kNoticeTime:
      return say(field + " is no longer than " + other + " leaves",
                 field + " не длиннее времени до " + other);
    case Relates::kEither:
      return say(field + " or " + other + " is given", "указано " + field + " или " + other);
    case Relates::kExactlyWith:
      return say(field + " is given exactly with " + other,
                 field + " указывается с " + other + " и только с ним");
    case Relates::kMajority:
      return say(field + " is given exactly with " + other + ", and is at most the participants",
                 field + " указывается с " + other + " и только с ним, не больше числа участников");
    case Relates::kEachOnce:
      return say(field + " names each once", "в " + field + " каждый назван один раз");
    case Relates::kInReplyTo:
      return say("in_reply_to names the notice that is answered",
                 "in_reply_to указывает сообщение, на которое дан ответ");
    case Relates::kOrAttached:
      return say(field + " is given, or the document is attached",
                 "указано " + field + " или приложен документ");
  }
  return {};
}

std::string choices_of(const google::protobuf::EnumDescriptor& type) {
  std::string out;
  for (int i = 1; i < type.value_count(); ++i) {
    out += (i == 1 ? "" : ", ") + type.value(i)->name();
  }
  return out;
}

}  // namespace chancery::exchange
