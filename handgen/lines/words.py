"""The vocabulary of the text generators."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES = _words(
    "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 "
    "董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 苏 卢 蒋 蔡 贾 丁 魏 薛 叶 阎 余 潘 杜 戴 夏 钟 "
    "汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 "
    "龙 万 段 雷 钱 汤 尹 黎 易 常 武 乔 贺 赖 龚 文 欧阳 司马 上官 诸葛 皇甫 令狐"
)
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉梅红文建国华志新海波宁浩宇轩子涵欣怡梓晨博嘉俊思雨佳琪雪梦婷诗"
    "瑶泽楠一鸣天乐安然若曦皓景行书晓东春夏秋冬山云风清月星辰光永福德祥瑞忠孝仁义礼智信学成立中庆利民生长根宝珍珠翠凤"
    "莲荷香"
)
TITLES = _words("先生 女士 老师 医生 经理 主任 同学")
UNITS = _words("kg g km cm mm ml m 元 米 个 人 吨 公里 小时 岁 次")
MONTHS = _words("January February March April May June July August September October November December")
FIRST_NAMES = _words(
    "James Mary John Linda Robert Susan Michael Karen David Lisa William Nancy Richard Betty Thomas Helen "
    "Charles Anna Daniel Ruth Matthew Laura Anthony Sarah Mark Emma Paul Alice Steven Julia Andrew Grace "
    "Kevin Diana Brian Rose George Chloe Edward Olivia Peter Zoe Frank Hannah Oscar Ivy Felix Nora Hugo "
    "Eva Max Quentin Xavier Yvonne"
)
LAST_NAMES = _words(
    "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore Jackson Martin Lee "
    "Thompson White Harris Clark Lewis Walker Hall Young King Wright Scott Green Baker Adams Nelson Hill "
    "Campbell Mitchell Roberts Carter Phillips Evans Turner Parker Collins Edwards Stewart Morris Murphy "
    "Cook Rogers Morgan Cooper Bell Ward Fisher Weber Novak Rossi Silva Quinn Zhang Xu Becker Vogel "
    "Jensen"
)
REGIONS = _words(
    "110101 120101 130102 140105 150102 210102 220102 230102 310101 320102 330102 340102 350102 360102 "
    "370102 410102 420102 430102 440103 450102 460105 500101 510104 520102 530102 540102 610102 620102 "
    "630102 640104 650102"
)
"""The first six digits of identity cards: one district of each province."""
AREA_CODES = _words("010 020 021 022 023 024 025 027 028 029 0571 0755 0592 0451")
