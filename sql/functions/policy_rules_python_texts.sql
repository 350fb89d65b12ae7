-- The rules of version 1 for Python: attributes, arguments, texts.

set search_path = cs, pg_temp;

insert into cs.policy_rule
select 1, id, language, match, cs.policy_words(match, words), level, title, explanation,
  capability
from (values
-- Python: attributes of anything.
('py.attribute.inside', 'python', 'attribute', 'block', '',
 '__*__ __*__.* tb_frame tb_next f_globals f_locals f_back f_builtins f_code gi_frame gi_code
  gi_yieldfrom cr_frame cr_code cr_await ag_frame ag_code co_code co_consts co_names func_globals
  func_code mro',
 'Climbs through the inside of Python', 'Any function can be reached from any value this way.'),
('py.attribute.known', 'python', 'attribute', 'none', '',
 '__init__ __name__ __doc__ __version__ __len__ __repr__ __str__ __eq__ __lt__ __post_init__
  __hash__ __iter__ __next__ __enter__ __exit__ __add__ __mul__ __qualname__ __abs__ __contains__
  __call__.none __annotations__ __dataclass_fields__ __members__ __sub__ __truediv__ __gt__
  __future__ __getitem__.none', 'Uses a plain method', ''),
('py.attribute.module', 'python', 'attribute', 'high', '',
 'os _os sys _sys subprocess _subprocess builtins _builtins posix socket _socket shutil _shutil
  importlib _importlib imp ctypes _ctypes ctypeslib codecs _codecs pickle _pickle marshal pty
  urllib urlopen multiprocessing _multiprocessing inspect _inspect webbrowser tempfile
  import_module import_optional_dependency exec_module load_module spec_from_file_location
  find_spec load_source run_path run_module SourceFileLoader ExtensionFileLoader
  system popen Popen execfile literal_eval.none exec_command threading _threading asyncio
  CDLL cdll windll PyDLL dlopen pydoc linecache modules meta_path path_hooks get_objects
  get_referrers get_referents settrace setprofile _getframe addaudithook audit_hook
  _current_frames exec _exec __import__ import_string import_item safe_import urlretrieve
  f2py distutils sysconfig runpy pkgutil zipimport fsspec',
 'Reaches a module of the machine through another library',
 'The way there is unusual, and hides what is used.'),
-- Python: arguments, as function#place=text or function#name=text.
('py.getattr', 'python', 'argument', 'medium', '',
 'builtins.getattr#1=*?* builtins.setattr#1=? builtins.hasattr#1=__* builtins.setattr#1=__*
  builtins.delattr#1=*',
 'Picks a function by a name that is made while it runs', 'Which one it is can not be read.'),
('py.getattr.inside', 'python', 'argument', 'block', '',
 'builtins.getattr#1=__* *#0=__class__ *#0=__globals__ *#0=__subclasses__ *#0=__builtins__
  *#0=__import__ *#0=__mro__ operator.attrgetter#*=? operator.methodcaller#*=?
  operator.attrgetter#*=*__*
  operator.methodcaller#*=*__* operator.methodcaller#0=system *#0=__base__ *#0=__bases__
  *#0=__dict__ *#0=__getattribute__',
 'Climbs through the inside of Python', 'Any function can be reached from any value this way.'),
('py.open.save', 'python', 'argument', 'note', 'saves',
 'builtins.open#1=*w* builtins.open#mode=*w* builtins.open#1=*a* builtins.open#mode=*a*
  builtins.open#1=*x* builtins.open#mode=*x* builtins.open#1=*+* builtins.open#mode=*+*',
 'Saves a file', ''),
('py.argument.outside', 'python', 'argument', 'high', 'calls',
 '*read_*=http*://* *read_*=ftp*://* *read_*=s3:* *read_*=gs:* *read_*=file:* *to_*=http*://*
  *to_*=s3:* *to_*=gs:* *to_*=ftp*://* *imread#0=http* *read_*=az:* *read_*=abfs* *read_*=hdfs*
  *to_*=az:* *to_*=abfs* *read_*=ssh:* *to_*=sftp:* *read_*=sftp:* *to_*=memory:* *loadtxt#0=http*
  *genfromtxt#0=http* *connect#0=*://* *create_engine#0=*',
 'Reads from or writes to another machine', 'Data may leave, and other data may come in.'),
('py.argument.root', 'python', 'argument', 'high', 'reads',
 '*open#0=/ *walk#0=/ *listdir#0=/ *scandir#0=/ *Path#0=/ *Path#0=~ *glob#0=/* *open#0=~ *chdir#*
  *listdir#0=.. *walk#0=.. *Path#0=.. *iglob#0=/*',
 'Looks at places outside of the run', ''),
('py.argument.pickle', 'python', 'argument', 'high', '',
 '*#allow_pickle=true *#allow_pickle=? *#opener=* *#engine=python.none *#closefd=*
  *#storage_options=?',
 'Allows data that can hold code', 'Such files run what they say when they are opened.'),
('py.argument.shell', 'python', 'argument', 'block', 'calls', '*#shell=true *#preexec_fn=*',
 'Runs a line of a shell', ''),
('py.type.made', 'python', 'argument', 'high', '', 'builtins.type#2=*',
 'Makes a class while it runs', ''),
-- Python: texts, in small letters.
('py.text.code', 'python', 'string', 'high', '',
 '*__import__*
  *__subclasses__*
  *__class__*
  *__globals__*
  *__builtins__*
  *__mro__*
  *__bases__*
  *__getattribute__*
  *__reduce__*
  *__code__*
  *os.system*
  *os.popen*
  *subprocess.*
  import os
  import os;*
  *;import *
  *import os\n*
  *import socket*
  *import subprocess*
  *builtins.eval*
  *exec(*
  *eval(*
  *@*.os.*
  *@pd.*
  *@np.*
  *@os.*
  *getattr(*
  *!!python/*',
 'Carries code in a text', 'It may be meant to run.'),
('py.text.secret', 'python', 'string', 'high', 'reads',
 '/etc/*
  *file:///*
  /proc/*
  /root*
  /home/*
  /var/*
  /dev/*
  /sys/*
  /usr/*
  /bin/*
  /sbin/*
  /opt/*
  /run/*
  /mnt/*
  /boot/*
  /lib*/*
  ~/*
  ~root*
  ../*
  */../*
  c:\\*
  *\\windows\\*
  passwd
  attach database*
  *postgres*://*
  *mysql*://*
  *mongodb*://*
  *redis*://*
  *oracle*://*
  *mssql*://*
  ftp://*
  sftp://*
  *.ssh*
  *id_rsa*
  *id_ed25519*
  *.aws/*
  *.kube/*
  *.env
  *.netrc*
  *.pgpass*
  *.bashrc*
  *.bash_history*
  *.git-credentials*
  *.docker/config*
  *authorized_keys*
  *169.254.169.254*
  *metadata.google.internal*
  */etc/passwd*
  */etc/shadow*
  */proc/self*
  *aws_secret*
  *.pth
  */dev/tcp/*
  *docker.sock*',
 'Names a place outside of the run', 'Keys and other people''s files are kept there.'),
('py.text.shell', 'python', 'string', 'high', '',
 '*/bin/sh*
  */bin/bash*
  *curl http*
  *wget http*
  *rm -rf*
  *powershell*
  *cmd.exe*
  *bash -c*
  *sh -c *
  *nc -e*
  *| sh
  *|sh
  *| bash
  *|bash
  *chmod +x*
  *pip install*
  *base64 -d*',
 'Carries a command for a shell', '')
) r (id, language, match, level, capability, words, title, explanation)
on conflict do nothing;
