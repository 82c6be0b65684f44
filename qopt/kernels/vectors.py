"""Vectors of eight uint64, for kernels that work on 512 bits at once.

``read``, ``write`` and ``same`` make them; ``&``, ``|``, ``^``, ``+`` of two, ``~`` of one, ``<<`` and ``>>`` by a
uint64 work element by element. Compiled they are values of LLVM's vector type, held in registers, whatever width the
machine has; with the JIT off they are numpy arrays of shape (8,), so a kernel runs the same, only slower.
"""

# mypy: disable-error-code="call-arg"
# (numba hands an intrinsic its typing context, which a caller does not see)
from __future__ import annotations

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, overload, register_model, type_callable

WIDTH = 8
_VECTOR = ir.VectorType(ir.IntType(64), WIDTH)


class Vector(types.Type):
    """The numba type of eight uint64."""

    def __init__(self) -> None:
        super().__init__(name="eight_uint64")


vector = Vector()


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


def read(array, start):
    """The eight elements of a contiguous uint64 array (m,) from ``start``; no bounds are checked."""
    return array[start : start + WIDTH].copy()


def write(array, start, value):
    """Write a vector to the eight elements from ``start``."""
    array[start : start + WIDTH] = value


def same(element):
    """Eight times the same uint64."""
    return np.full(WIDTH, element)


def packed(flags):
    """64 flags, int8 zeros and ones, as the bits of one uint64: flag k is bit k."""
    return np.packbits(flags, bitorder="little").view(np.uint64)[0]


def lowest(bits):
    """The place of the lowest bit that is set in a uint64 other than 0."""
    return (int(bits) & -int(bits)).bit_length() - 1


def _spread(builder, element):
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    first = builder.insert_element(nothing, element, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, zeros)


def _place(context, builder, kind, array, start):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), _VECTOR.as_pointer())


@intrinsic
def _read(typing, array, start):
    def lower(context, builder, signature, arguments):
        return builder.load(_place(context, builder, signature.args[0], *arguments), align=8)

    return vector(array, types.intp), lower


@intrinsic
def _write(typing, array, start, value):
    def lower(context, builder, signature, arguments):
        builder.store(arguments[2], _place(context, builder, signature.args[0], *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), lower


@intrinsic
def _same(typing, element):
    def lower(context, builder, signature, arguments):
        return _spread(builder, arguments[0])

    return vector(types.uint64), lower


@intrinsic
def _packed(typing, flags):
    def lower(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        kind = ir.VectorType(ir.IntType(8), 64)
        values = builder.load(builder.bitcast(data, kind.as_pointer()), align=1)
        return builder.bitcast(builder.icmp_signed("!=", values, ir.Constant(kind, [0] * 64)), ir.IntType(64))

    return types.uint64(flags), lower


@intrinsic
def _lowest(typing, bits):
    def lower(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), lower


@overload(packed)
def _(flags):
    return lambda flags: _packed(flags)


@overload(lowest)
def _(bits):
    return lambda bits: _lowest(bits)


@overload(read)
def _(array, start):
    return lambda array, start: _read(array, start)


@overload(write)
def _(array, start, value):
    return lambda array, start, value: _write(array, start, value)


@overload(same)
def _(element):
    return lambda element: _same(element)


def _of_two(function, instruction):
    @type_callable(function)
    def _(context):
        def typer(a, b):
            return vector if a == vector and b == vector else None

        return typer

    @lower_builtin(function, vector, vector)
    def _(context, builder, signature, arguments):
        return getattr(builder, instruction)(*arguments)


def _by_number(function, instruction):
    @type_callable(function)
    def _(context):
        def typer(a, places):
            return vector if a == vector and places == types.uint64 else None

        return typer

    @lower_builtin(function, vector, types.uint64)
    def _(context, builder, signature, arguments):
        return getattr(builder, instruction)(arguments[0], _spread(builder, arguments[1]))


for _function, _instruction in (
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
    (operator.add, "add"),
):
    _of_two(_function, _instruction)
for _function, _instruction in ((operator.lshift, "shl"), (operator.rshift, "lshr")):
    _by_number(_function, _instruction)


@type_callable(operator.invert)
def _(context):
    def typer(a):
        return vector if a == vector else None

    return typer


@lower_builtin(operator.invert, vector)
def _(context, builder, signature, arguments):
    return builder.not_(arguments[0])
