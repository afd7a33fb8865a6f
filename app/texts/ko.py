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

# The bot, and what it sends by itself: Telegram's HTML; what is filled in is escaped before. The same names in en.py.
PRICE_ALERT = (
    "🔔 가격 알림: {name}({symbol})\n현재가 {price:,}원이 목표가 {target_price:,}원 {condition}에 도달했습니다."
)
CONDITIONS = {"gte": "이상", "lte": "이하"}
RESENT = "(재전송) #{id}"
LATE = "(지연) {moment}에 발생한 알림입니다."
PART_OF_LONG_TEXT = "({number}/{count})"
BOT_APOLOGY = "죄송합니다. 처리 중 문제가 생겼습니다. 잠시 후 다시 시도해 주세요."
BOT_WELCOME = (
    "<b>{name}</b>님, 주식 가격 알림 봇에 오신 것을 환영합니다!\n"
    "예: <code>/alert 005930 90000 이상</code> → 삼성전자가 90,000원 이상이 되면 알려 드립니다.\n"
    "자세한 명령어는 /help 를 입력하세요."
)
BOT_LINKED = "계정 <b>{username}</b>에 이 채팅을 연결했습니다. 기다리던 알림이 있으면 곧 도착합니다."
BOT_LINK_PRIVATE_ONLY = "계정 연결은 봇과의 1:1 채팅에서만 할 수 있습니다."
BOT_HELP_TITLE = "<b>[도움말]</b>"
BOT_START_FIRST = "먼저 /start 를 보내 주세요."
BOT_DISABLED = "사용이 중지된 계정입니다. 관리자에게 문의해 주세요."
BOT_UNKNOWN_COMMAND = "모르는 명령어입니다. /help 를 입력하면 명령어를 볼 수 있습니다."
BOT_TOO_MANY = "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."
BOT_ADMIN_ONLY = "관리자 전용 명령어입니다."
BOT_ADMIN_TOO_OLD = "{seconds}초 전에 보낸 관리자 명령은 실행하지 않습니다. 필요하면 다시 보내 주세요."
BOT_REGISTERED = "알림 수신 동의가 완료되었습니다. (텔레그램 알림 ON)"
BOT_UNREGISTERED = "알림 수신이 해제되었습니다. (텔레그램 알림 OFF)"
BOT_ALERT_SET = "✅ '{name}({symbol})'의 가격 알림을 '{target_price:,}원 {condition}'(으)로 설정했습니다."
BOT_ALERT_USAGE = (
    "사용법: <code>/alert 종목코드|종목명 가격 이상|이하</code>\n예: <code>/alert 005930 90000 이상</code>"
)
BOT_ALERT_BAD_INPUT = (
    "입력이 잘못되었습니다. 가격은 원 단위의 정수여야 하며, 조건은 '이상' 또는 '이하'여야 합니다.\n" + BOT_ALERT_USAGE
)
BOT_ALERT_BAD_PRICE = "가격은 1원부터 {highest:,}원까지 정할 수 있습니다."
BOT_ALERTS_TITLE = "<b>[내 알림 목록]</b>"
BOT_ALERTS_LINE = "{id}. {name}({symbol}) {target_price:,}원 {condition} ({state})"
BOT_ALERTS_NONE = "등록된 알림이 없습니다.\n" + BOT_ALERT_USAGE
BOT_ALERTS_HINT = "삭제: <code>/alert_remove 번호</code>"
BOT_ALERT_WAITING = "활성"
BOT_ALERT_OFF = "비활성"
BOT_ALERT_FIRED = "{moment} 발생, {delivery}"
BOT_DELIVERY = {
    "pending": "전송 대기",
    "leased": "전송 중",
    "sent": "전송 완료",
    "parked": "채팅 연결 대기",
    "dead": "전송 실패",
    "unknown": "전송 여부 불확실",
}
BOT_ALERT_REMOVED = "알림 번호 {id} 삭제 완료"
BOT_ALERT_REMOVE_USAGE = "사용법: <code>/alert_remove 번호</code> (번호는 /alert_list 에 있습니다)"
BOT_ALERT_REMOVE_BUTTON = "🗑 {id}번 삭제"
BOT_SEVERAL_SYMBOLS = "여러 종목이 검색되었습니다. 종목코드로 다시 입력해 주세요:"
BOT_NO_SYMBOL = "'{words}'에 해당하는 종목을 찾을 수 없습니다."
BOT_PRICE = "<b>{name}({symbol})</b>\n현재가 {price:,}원{change}\n{moment} 기준"
BOT_PRICE_CHANGE = " ({difference:+,}원, {percent:+.2f}%)"
BOT_PRICE_STALE = "⚠️ 최신 시세가 아닙니다."
BOT_PRICE_HALTED = "⚠️ 거래정지 종목입니다."
BOT_PRICE_NONE = "{name}({symbol})의 시세를 아직 받지 못했습니다."
BOT_PRICE_USAGE = "사용법: <code>/price 종목코드|종목명</code>"
BOT_LANGUAGE_SET = "이제부터 한국어로 안내합니다."
BOT_LANGUAGE_USAGE = "사용법: <code>/language ko|en</code>"
BOT_STATS = (
    "📊 <b>시스템 통계</b>\n👥 사용자 수: {users}\n⏳ 전송 대기: {pending} (가장 오래된 것 {oldest_s}초)\n"
    "✅ 전송 완료: {sent}\n🅿️ 보류: {parked}\n❓ 불확실: {unknown}\n❌ 실패: {dead}"
)
BOT_COMMANDS = {
    "start": "시작, 또는 연결 코드로 계정 연결",
    "help": "명령어 안내",
    "register": "알림 수신 동의 (ON)",
    "unregister": "알림 수신 해제 (OFF)",
    "alert": "가격 알림 설정, 인자가 없으면 목록",
    "alert_add": "가격 알림 설정",
    "set_price": "가격 알림 설정",
    "alert_list": "내 알림 목록",
    "alert_remove": "알림 삭제",
    "price": "현재가 조회",
    "language": "언어 바꾸기 (ko, en)",
    "admin_stats": "시스템 통계 (관리자)",
}
BOT_EXAMPLES = {
    "alert": "/alert 005930 90000 이상",
    "alert_remove": "/alert_remove 3",
    "price": "/price 삼성전자",
    "language": "/language en",
}
