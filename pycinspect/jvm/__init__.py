"""What does a Java class file say, and what of it is Jython's?

Bytes to constant pool, members and instructions; then the code list that Jython's compiler
wrote into the constructor. Uses ``dialects``, ``errors``, ``shipped`` and ``values``.
"""

from pycinspect.jvm.asm import AnnotationReading, read_annotations
from pycinspect.jvm.classfile import CLASS_MAGIC, ClassFile, parse_class
from pycinspect.jvm.instructions import JvmInstruction, MethodBody, decode_method
from pycinspect.jvm.jython import JythonClass, JythonCode, is_jython_class, parse_jython_class
from pycinspect.jvm.operands import constant_text, operand_text

__all__ = [
    "CLASS_MAGIC",
    "AnnotationReading",
    "ClassFile",
    "JvmInstruction",
    "JythonClass",
    "JythonCode",
    "MethodBody",
    "constant_text",
    "decode_method",
    "is_jython_class",
    "operand_text",
    "parse_class",
    "parse_jython_class",
    "read_annotations",
]
