"""The code of an image that can run: whatever branches and calls lead to, from the vector table on.

Encodings: ARMv6-M Architecture Reference Manual, chapter A5. Places of the image are offsets in bytes.
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import Final

from .image import FlashImage

_PLAIN, _LITERAL, _LONG, _CONDITIONAL, _BRANCH, _EXCHANGE, _HIGH, _END = range(8)


def _kind(upper: int) -> int:
    """What a half word with this upper byte does to the flow of control."""
    match upper:
        case 0x44 | 0x46:  # ADD and MOV of any register: a jump where that is the program counter
            return _HIGH
        case 0x47:  # BX, BLX
            return _EXCHANGE
        case 0xBD | 0xBE | 0xDE:  # POP of the program counter, breakpoint, undefined
            return _END
    if upper < 0xD0 or upper == 0xDF:
        return _LITERAL if 0x48 <= upper < 0x50 else _PLAIN
    if upper < 0xE8:
        return _CONDITIONAL if upper < 0xE0 else _BRANCH
    return _LONG if 0xF0 <= upper < 0xF8 else _END


_KINDS: Final = bytes(map(_kind, range(256)))
_TARGET, _LOADED = 1, 2  # marks of a half word: something branches to it; a literal that is loaded begins with it
# The vector table of a Cortex-M0+: a stack, 15 exceptions, 32 interrupts.
_VECTORS: Final = 48
_LINK_REGISTER: Final = 14
# Registers that a called function may overwrite: procedure call standard for the Arm architecture.
CALL_CLOBBERED: Final = (0, 1, 2, 3, 12)
# Functions begin with saving where to return to, mostly. The last one in front of the read-only data is _fini() of the
# C start files crti.o and crtn.o.
_PUSH_LR: Final = 0xB5
_FINI: Final = bytes.fromhex("f8b5 c046 f8bc 08bc 9e46 7047")
# Compilers make of a switch a call of a helper that goes on where the table behind the call says. The helpers copy the
# link register (MOV r1, lr); how they read the table tells the size of its entries, and whether these have a sign.
_MOV_R1_LR: Final = 0x4671
_HELPER_SIZE: Final = 8
_READS: Final = {0x5C09: (1, False), 0x5609: (1, True), 0x5A09: (2, False), 0x5E09: (2, True), 0x5808: (4, True)}
# Other tables hold addresses that are not far. All tables together: a file could be made of them.
_JUMP_REACH: Final = 4096
_MOST_ENTRIES: Final = 8192
# How many bytes in front of a literal may lie what loads it.
_LITERAL_REACH: Final = 1024
# How many half words in front of a jump through a register may lie the one that loads its target.
_LOAD_REACH: Final = 16


def _writes(half: int, register: int) -> bool:
    """Whether an instruction, as far as it is a move or a load, changes a register."""
    match half >> 11:
        case 0b00000 | 0b00011 | 0b01101 | 0b01111:
            return half & 7 == register
        case 0b00100 | 0b10011:
            return half >> 8 & 7 == register
    return half & 0xFF00 == 0x4600 and half & 0x87 == register


class Flow:
    """Where each instruction of an image leads."""

    def __init__(self, image: FlashImage) -> None:
        self.image = image
        # A long instruction would be cut off at the end.
        self._kinds = image.content[1 : 2 * len(image.halves) - 2 : 2].translate(_KINDS) + bytes([_END])

    def literal(self, place: int) -> int | None:
        """The place of the literal that the instruction at a place loads, None if it loads none."""
        return self._literal(place // 2) if self._kind_at(place) == _LITERAL else None

    def successors(self, place: int) -> tuple[int, ...]:
        """What may run next behind the instruction at a place, called functions left out; nothing if nobody knows."""
        index, kind = place // 2, self._kind_at(place)
        if kind == _CONDITIONAL:
            return place + 2, 2 * self._branch(index)
        if kind == _BRANCH:
            return (2 * self._branch(index),)
        if kind == _END or (kind == _EXCHANGE and not self.image.halves[index] & 0x80):
            return ()
        return (place + (4 if kind == _LONG else 2),)

    def _kind_at(self, place: int) -> int:
        """What the instruction at a place does; nothing is known of what is not in the image."""
        return self._kinds[place // 2] if 0 <= place < 2 * len(self._kinds) else _END

    def _branch(self, index: int) -> int:
        half = self.image.halves[index]
        distance = (half & 0xFF ^ 0x80) - 0x80 if half >> 12 == 0xD else (half & 0x7FF ^ 0x400) - 0x400
        return index + 2 + distance

    def _literal(self, index: int) -> int:
        return (2 * index + 4 & ~3) + 4 * (self.image.halves[index] & 0xFF)

    def _word(self, index: int) -> int:
        """What an instruction loads from a literal pool; 0 if that is cut off."""
        return self.image.word_at(self._literal(index)) or 0


class Code(Flow):
    """What can run of the program whose vector table is at `table`.

    Every word of it that can be an address of code counts as one: better too much than too little. `calls` has the
    places of calls by the function called, `indirect` those of calls that lead nobody knows where, `pointed_to` what
    words may point to. The code ends at `end`. `is_complete` tells whether every jump was followed.
    """

    def __init__(self, image: FlashImage, table: int = 0) -> None:
        super().__init__(image)
        self.calls: dict[int, list[int]] = {}
        self.indirect: set[int] = set()
        self.is_complete = True
        self.end = len(image.content)
        # For each half word, 1 more than the place of the function it belongs to, and its marks.
        self._owners = array("I", bytes(4 * len(image.halves)))
        self._marks = bytearray(len(image.halves))
        self._pending, self._room = list[int](), _MOST_ENTRIES
        vectors, words = image.words[table // 4 + 1 : table // 4 + _VECTORS], image.words[table // 4 :]
        self._follow(sorted(self._places(vectors)))
        # Behind all code are strings, and the address of a string may be odd, too.
        last = image.content.rfind(_FINI)
        reached = (index + 1 for index, owner in enumerate(self._owners) if owner)
        self.end = last + len(_FINI) if last >= 0 else 2 * max(reached, default=0)
        # What looks like an address may be a number, in the middle of a function: likely beginnings come first.
        self._follow(sorted(self._places(words), key=self._is_beginning))
        self.pointed_to = {2 * index for index in self._places(words)}

    def function_of(self, place: int) -> int | None:
        """Where the function begins that the code at a place belongs to, None if that never runs."""
        owner = self._owners[place // 2] if 0 <= place // 2 < len(self._owners) else 0
        return owner - 1 if owner else None

    def within(self, function: int, start: int, end: int) -> Iterator[int]:
        """The places of a function's half words from one place up to another."""
        owners, owner = self._owners, function + 1
        return (2 * index for index in range(max(0, start // 2), min(end // 2, len(owners))) if owners[index] == owner)

    def literals(self) -> Iterator[int]:
        """The places of all literals that are loaded."""
        return (2 * index for index, marks in enumerate(self._marks) if marks & _LOADED)

    def is_target(self, place: int) -> bool:
        return bool(self._marks[place // 2] & _TARGET)

    def loads(self, literals: Iterable[int]) -> Iterator[int]:
        for literal in literals:
            for index in range(max(0, literal - _LITERAL_REACH) // 2, literal // 2):
                if self._kinds[index] == _LITERAL and self._owners[index] and self._literal(index) == literal:
                    yield 2 * index

    def called(self, place: int) -> int | None:
        """The function that the instruction at a place calls, None if it calls none or nobody knows."""
        target, index = None, place // 2
        match self._kind_at(place):
            case kind if kind == _LONG:
                target = self._linked(index)
            case kind if kind == _EXCHANGE and (half := self.image.halves[index]) & 0x80:
                target = self._pointer(index, half >> 3 & 15)
        return None if target is None else 2 * target

    def functions(self, places: Iterable[int]) -> set[int]:
        return {function for place in places if (function := self.function_of(place)) is not None}

    def loading(self, literals: Iterable[int]) -> set[int]:
        """The functions that load one of these literals."""
        return self.functions(self.loads(literals))

    def callers(self, function: int) -> set[int]:
        return self.functions(self.calls.get(function, ()))

    def with_callers(self, functions: Iterable[int]) -> set[int]:
        """These functions, those that call them, and so on."""
        todo, found = set(functions), set[int]()
        while todo:
            found.add(function := todo.pop())
            todo |= self.callers(function) - found
        return found

    def _places(self, words: Iterable[int]) -> set[int]:
        """The half words of code that these words point to."""
        end = min(self.end // 2, len(self._owners))
        indices = ((word - 1 - self.image.base) // 2 for word in words if word & 1)
        return {index for index in indices if 0 <= index < end}

    def _is_beginning(self, index: int) -> bool:
        behind_literal = index % 2 == 0 and bool(self._marks[index - 2] & _LOADED)
        behind_end = self._kinds[index - 1] in (_BRANCH, _EXCHANGE, _END)
        return self.image.halves[index] >> 8 == _PUSH_LR or behind_end or behind_literal

    def _follow(self, beginnings: list[int]) -> None:
        while self._pending or beginnings:
            if not self._owners[index := (self._pending or beginnings).pop()]:
                self._read(index)

    def _read(self, start: int) -> None:
        owners, kinds, halves, owner = self._owners, self._kinds, self.image.halves, 2 * start + 1
        todo = [start]
        while todo:
            index = todo.pop()
            if 0 <= index < len(owners):
                self._marks[index] |= _TARGET
            while 0 <= index < len(owners) and not owners[index]:
                owners[index] = owner
                kind = kinds[index]
                if kind == _LITERAL:
                    if (literal := self._literal(index) // 2) < len(halves):
                        self._marks[literal] |= _LOADED
                elif kind == _LONG:
                    owners[index + 1] = owner
                    index += 1
                    if (target := self._linked(index - 1)) is not None:
                        self._call(index - 1, target)
                        if target + 1 < len(halves) and halves[target + 1] == _MOV_R1_LR:
                            todo += self._switch(index + 1, target)
                            break
                elif kind == _CONDITIONAL:
                    todo.append(self._branch(index))
                elif kind == _BRANCH:
                    todo.append(self._branch(index))
                    break
                elif kind == _EXCHANGE and halves[index] & 0x80:
                    self._call(index, self._pointer(index, halves[index] >> 3 & 15))
                elif kind == _HIGH and halves[index] & 0x87 == 0x87:
                    todo += self._jump(index)
                    break
                elif kind in (_END, _EXCHANGE):
                    break
                index += 1

    def _call(self, index: int, target: int | None) -> None:
        place = 2 * index
        if target is None:
            self.indirect.add(place)
        else:
            self.calls.setdefault(2 * target, []).append(place)
            self._pending.append(target)

    def _linked(self, index: int) -> int | None:
        """What a BL calls, None if that is not in the image or the instruction is another long one."""
        high, low = self.image.halves[index : index + 2]
        sign = high >> 10 & 1
        # Two bits are stored so that they are 1 if they equal the sign.
        bit_23, bit_22 = sign ^ 1 ^ low >> 13 & 1, sign ^ 1 ^ low >> 11 & 1
        target = index + 2 - (sign << 23) + (bit_23 << 22) + (bit_22 << 21) + ((high & 0x3FF) << 11) + (low & 0x7FF)
        return target if low & 0xD000 == 0xD000 and 0 <= target < len(self._owners) else None

    def _pointer(self, index: int, register: int) -> int | None:
        """The code that a register was made to point to shortly before, if it was."""
        for before in range(index - 1, max(0, index - _LOAD_REACH), -1):
            kind, half = self._kinds[before], self.image.halves[before]
            if kind == _LITERAL and half >> 8 & 7 == register:
                return next(iter(self._places([self._word(before)])), None)
            calls = kind == _EXCHANGE or self._kinds[before - 1] == _LONG
            if (register in CALL_CLOBBERED) if calls else (kind in (_BRANCH, _END) or _writes(half, register)):
                break
        return None

    def _switch(self, index: int, helper: int) -> Iterator[int]:
        """Where the table behind the call of a helper leads. It ends where the first of these places begins."""
        content = self.image.content
        reads = (half for half in self.image.halves[helper : helper + _HELPER_SIZE] if half in _READS)
        size, signed = _READS[next(reads, 0x5808)]
        table = 2 * index + (-2 * index % size if size == 4 else 0)
        place, end = table, len(content)
        while place < end and self._has_room():
            entry = int.from_bytes(content[place : place + size], "little", signed=signed)
            target = table + (entry if size == 4 else 2 * entry)
            if not 0 <= target < len(content):
                break
            if target > table:
                end = min(end, target)
            yield target // 2
            place += size

    def _jump(self, index: int) -> Iterator[int]:
        """Where a jump through a register leads: the addresses in a table that a literal points to; or it returns."""
        if self.image.halves[index] >> 3 & 15 == _LINK_REGISTER:
            return
        for before in range(index - 1, max(-1, index - _LOAD_REACH), -1):
            place = table = self.image.offset(self._word(before)) if self._kinds[before] == _LITERAL else None
            while place is not None and (word := self.image.word_at(place)) and self._has_room():
                target = word - self.image.base
                if not -_JUMP_REACH < target - 2 * index < _JUMP_REACH:
                    break
                yield target // 2
                place += 4
            if place != table:
                return
        self.is_complete = False

    def _has_room(self) -> bool:
        self._room -= 1
        self.is_complete &= self._room >= 0
        return self._room >= 0
