import sys,time
sys.path.insert(0,'/tmp/w4')
from pycinspect.dialects import find_dialect
from pycinspect.canonical.rules import RULES
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.graph import *
from pycinspect.canonical.minimise import merged
from pycinspect.pyc import Code, unmarshal
import marshal
src=open(sys.argv[1]).read() if len(sys.argv)>1 else '''
def f(a):
    try:
        with open(a) as g:
            return [x for x in g if not x]
    except ValueError as e:
        print(e)
    finally:
        done()
'''
d=find_dialect('cpython-3.11')
root=unmarshal(marshal.dumps(compile(src,'x','exec')),d).value
for c in root.walk():
    m=Machine(d,RULES)
    n=build(m,c); n=without_safe_loads(n,c.varnames[:c.argcount]); n,a=without_annotations(n); n=in_parallel(n,m.values)
    print(c)
    for i,x in enumerate(merged(n)): print(i,x)
