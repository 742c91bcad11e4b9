"""What the letters say: invented administrative sentences in NFC, put together by type from a topic, an opening, a body and a close.

No sentence is taken from a real document; names of persons and case numbers never occur.
"""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.streams import rendezvous, share

OFFICIAL_TYPES: tuple[tuple[str, float], ...] = (
    ("CV", 0.56), ("TB", 0.15), ("GM", 0.10), ("KH", 0.08), ("QĐ", 0.06), ("HD", 0.04), ("HĐ", 0.01),
)  # fmt: skip
"""Mix of types among documents to other agencies (labelled assumption: công văn are the most frequent kind)."""
UPWARD_TYPES: tuple[tuple[str, float], ...] = (("BC", 0.4), ("CV", 0.35), ("TTr", 0.2), ("KH", 0.05))
"""Mix of types among documents to a superior (labelled assumption): reports and submissions. A báo cáo or a tờ trình goes nowhere else."""
INTERNAL_TYPES: tuple[tuple[str, float], ...] = (
    ("TTr", 0.3), ("PC", 0.2), ("TB", 0.19), ("BC", 0.2), ("GNP", 0.08), ("BB", 0.03),
)  # fmt: skip
DIRECTIVE_TYPES: tuple[tuple[str, float], ...] = (("CV", 0.5), ("CT", 0.1), ("KH", 0.2), ("TB", 0.2))

_TOPICS = (
    "công tác phòng, chống dịch COVID-19 trên địa bàn",
    "rà soát thủ tục hành chính thuộc phạm vi quản lý",
    "kết quả thực hiện nhiệm vụ quý III năm 2021",
    "xây dựng dự toán thu, chi ngân sách năm 2022",
    "tăng cường ứng dụng chữ ký số trong gửi, nhận văn bản điện tử",
    "chuẩn bị điều kiện cho năm học mới",
    "phòng, chống thiên tai và tìm kiếm cứu nạn mùa mưa lũ",
    "quản lý, bảo vệ và phát triển rừng",
    "cải cách hành chính và chuyển đổi số",
    "thực hiện chính sách bảo hiểm y tế cho hộ cận nghèo",
    "kiểm kê tài sản công tại các cơ quan, đơn vị",
    "đánh giá, xếp loại cán bộ, công chức, viên chức",
    "giải ngân vốn đầu tư công",
    "xây dựng nông thôn mới năm 2021",
    "vệ sinh, an toàn thực phẩm",
    "trật tự, an toàn giao thông",
    "tiếp công dân và giải quyết đơn thư",
    "bồi dưỡng kỹ năng sử dụng phần mềm quản lý văn bản",
    "tuyên truyền pháp luật cho nhân dân",
    "cung cấp số liệu thống kê kinh tế - xã hội",
    "chăm sóc người có công và gia đình chính sách",
    "tiêm phòng cho đàn gia súc, gia cầm vụ thu đông",
    "lập quy hoạch sử dụng đất cấp huyện",
    "bảo đảm an toàn thông tin mạng",
)
_SUBJECTS = {
    "CV": "V/v {topic}",
    "BC": "Về {topic}",
    "TB": "Về {topic}",
    "KH": "Về {topic}",
    "GM": "Họp bàn về {topic}",
    "QĐ": "Về việc thành lập tổ công tác {topic}",
    "TTr": "Về {topic}",
    "HD": "Về {topic}",
    "CT": "Về {topic}",
    "PC": "Hồ sơ {topic}",
    "GNP": "Giấy nghỉ phép",
    "HĐ": "Phối hợp {topic}",
    "BB": "Họp bàn về {topic}",
}
"""What stands under the type's name; the type is not said twice (Decree 30 Annex I, part II, 5)."""
_OPENINGS = (
    "Thực hiện chương trình công tác năm 2021, {body} triển khai một số nội dung về {topic} như sau.",
    "Căn cứ chức năng, nhiệm vụ được giao, {body} thông tin đến các cơ quan, đơn vị về {topic}.",
    "Sau khi xem xét tình hình thực tế, {body} có ý kiến về {topic} như sau.",
    "Tiếp theo văn bản đã gửi, {body} đề nghị các cơ quan, đơn vị tiếp tục quan tâm {topic}.",
)
_BODIES = (
    "Các cơ quan, đơn vị rà soát số liệu, phân công cán bộ theo dõi và cập nhật đầy đủ trên phần mềm quản lý văn bản và điều hành.",
    "Thủ trưởng các đơn vị chịu trách nhiệm về tính chính xác của số liệu và tiến độ thực hiện nội dung nêu trên.",
    "Kết quả thực hiện là một căn cứ để đánh giá mức độ hoàn thành nhiệm vụ của tập thể và cá nhân trong năm.",
    "Những khó khăn, vướng mắc phát sinh được tổng hợp, phản ánh kịp thời để cùng phối hợp giải quyết theo thẩm quyền.",
    "Việc gửi, nhận văn bản thực hiện bằng bản điện tử có chữ ký số, không gửi kèm bản giấy, trừ trường hợp có quy định khác.",
)
_CLOSINGS = (
    "Đề nghị các cơ quan, đơn vị phối hợp thực hiện và báo cáo kết quả đúng thời hạn.",
    "Trân trọng đề nghị các cơ quan, đơn vị quan tâm, phối hợp.",
    "Quá trình thực hiện nếu có vướng mắc, đề nghị phản ánh về cơ quan ban hành để được hướng dẫn.",
)


@dataclass(frozen=True, slots=True)
class Text:
    """Words of one letter."""

    subject: str
    paragraphs: tuple[str, ...]


def pick_type(draw: float, mix: tuple[tuple[str, float], ...]) -> str:
    """The type a number in [0, 1) falls on."""
    for code, weight in mix:
        if draw < weight:
            return code
        draw -= weight
    return mix[-1][0]


def compose(seed: str, document: str, type_code: str, body: str) -> Text:
    """The words of a document: a function of the seed and its identifier. ``body`` is the issuing agency's name."""
    topic = _TOPICS[int(share(seed, document, "topic") * len(_TOPICS))]
    opening = _OPENINGS[int(share(seed, document, "opening") * len(_OPENINGS))]
    middle = rendezvous(seed, document, _BODIES, 1 + int(share(seed, document, "length") * 3))
    closing = _CLOSINGS[int(share(seed, document, "closing") * len(_CLOSINGS))]
    subject = _SUBJECTS.get(type_code, "V/v {topic}").format(topic=topic)
    return Text(subject, (opening.format(body=body, topic=topic), *middle, closing))
