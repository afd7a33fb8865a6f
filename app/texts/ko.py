"""What users read, in Korean."""

# The API's answers; clients compare some of them word for word.
TRADE_RECORDED = "모의매매 기록 완료"
ALERT_NOT_FOUND = "알림을 찾을 수 없습니다."
ALERT_FOR_SYMBOL_NOT_FOUND = "해당 종목에 대한 알림 설정을 찾을 수 없습니다."
ALERT_NEEDS_CONDITION = "가격 알림 또는 공시 알림 중 하나는 반드시 설정해야 합니다."
ALERT_NEEDS_PRICE_AND_CONDITION = "목표가(target_price)와 조건(condition: gte, lte)은 함께 지정해야 합니다."
ALERT_CONDITION_NOT_SUPPORTED = "아직 지원하지 않는 알림 조건입니다: {names}"
ALERT_LIMIT_REACHED = "알림은 최대 {limit}개까지 등록할 수 있습니다. 먼저 사용하지 않는 알림을 삭제해 주세요."
SYMBOL_NOT_FOUND = "종목을 찾을 수 없습니다."
WATCHLIST_ADDED = "종목이 관심 목록에 추가되었습니다."
WATCHLIST_ALREADY_THERE = "이미 관심 목록에 있는 종목입니다."
WATCHLIST_REMOVED = "종목이 관심 목록에서 제거되었습니다."
WATCHLIST_NOT_THERE = "관심 목록에 없는 종목입니다."
TRADE_EXCEEDS_HOLDINGS = "보유 수량({held}주)보다 많이 매도할 수 없습니다."
TRADE_POSITION_TOO_LARGE = "한 종목의 보유 수량은 {limit}주를 넘을 수 없습니다."
SERVICE_RUNNING = "API 서비스 정상 동작"
JOB_REQUESTED = "잡 실행 요청 접수: {job}"
JOB_NOT_FOUND = "잡을 찾을 수 없습니다: {job}"
LINK_CODE_REFUSED = "연결 코드가 올바르지 않거나 만료되었습니다. 새 코드를 발급받아 주세요."
LINK_BY_CODE_ONLY = (
    "telegram_id는 직접 바꿀 수 없습니다. POST /users/me/telegram-link 로 연결 코드를 발급받아 봇에게 보내 주세요."
)
