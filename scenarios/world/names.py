"""Fictional names of persons: common Vietnamese family, middle and given names, put together by a seeded stream. NFC."""

from __future__ import annotations

import random
import unicodedata

_FAMILY = (
    ("Nguyễn", 30), ("Trần", 11), ("Lê", 10), ("Phạm", 7), ("Bùi", 12), ("Đinh", 8), ("Hoàng", 5), ("Quách", 5), ("Hà", 4), ("Vũ", 4),
    ("Đặng", 3), ("Đỗ", 3), ("Xa", 2), ("Lường", 2), ("Bàn", 1), ("Triệu", 1), ("Khà", 1), ("Sùng", 1), ("Vì", 1), ("Ngô", 2),
)  # fmt: skip
_MALE_MIDDLE = ("Văn", "Đức", "Quang", "Minh", "Xuân", "Hữu", "Công", "Thanh", "Ngọc", "Mạnh", "Trung", "Đình", "Việt", "Tiến")
_MALE_GIVEN = (
    "An", "Bình", "Chiến", "Cường", "Dũng", "Đạt", "Đông", "Giang", "Hải", "Hiếu", "Hoàn", "Hùng", "Huy", "Khánh", "Khôi", "Kiên", "Lâm",
    "Long", "Lực", "Minh", "Nam", "Nghĩa", "Phong", "Phúc", "Quân", "Quyết", "Sơn", "Tài", "Thắng", "Thành", "Thịnh", "Toàn", "Trường",
    "Tuấn", "Tùng", "Vinh", "Vượng", "Xuân", "Yên",
)  # fmt: skip
_FEMALE_MIDDLE = ("Thị", "Thị Thu", "Thị Thanh", "Thị Hồng", "Thị Kim", "Thị Bích", "Ngọc", "Thùy", "Minh", "Phương", "Thị Minh", "Thị Mai")
_FEMALE_GIVEN = (
    "Anh", "Chi", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hòa", "Hồng", "Huệ", "Hương", "Lan", "Liên", "Linh",
    "Loan", "Ly", "Mai", "Nga", "Ngân", "Nhung", "Oanh", "Phượng", "Quyên", "Tâm", "Thảo", "Thủy", "Trang", "Tuyết", "Uyên", "Vân",
    "Xuyến", "Yến",
)  # fmt: skip
_FAMILY_NAMES = tuple(name for name, _ in _FAMILY)
_FAMILY_WEIGHTS = tuple(weight for _, weight in _FAMILY)


def draw_name(stream: random.Random) -> str:
    """One full name. Takes three draws from ``stream`` plus one for the sex, always."""
    female = stream.random() < 0.4
    family = stream.choices(_FAMILY_NAMES, _FAMILY_WEIGHTS)[0]
    middle = stream.choice(_FEMALE_MIDDLE if female else _MALE_MIDDLE)
    given = stream.choice(_FEMALE_GIVEN if female else _MALE_GIVEN)
    return unicodedata.normalize("NFC", f"{family} {middle} {given}")


_LATIN = str.maketrans({"Đ": "d", "đ": "d"})


def mail_local_part(name: str) -> str:
    """``Bùi Thị Hạnh`` → ``hanhbt``: given name, then the initials of the others, without marks, as provincial mail systems do."""
    plain = "".join(c for c in unicodedata.normalize("NFD", name.translate(_LATIN)) if not unicodedata.combining(c)).lower().split()
    return plain[-1] + "".join(word[0] for word in plain[:-1])
