-- The shipped rules for Python: attributes, arguments, texts.

set search_path = cs, pg_temp;

insert into cs.shipped_rule (id, language, match, patterns, level, title, explanation, capability)
select id, language, match, cs.policy_words(match, words), level, title, explanation, capability
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
  __call__ __annotations__ __dataclass_fields__ __members__ __sub__ __truediv__ __gt__ __future__
  __getitem__ __setitem__ __delitem__ __new__ __setattr__ __ne__ __le__ __ge__ __radd__ __rsub__
  __rmul__ __rtruediv__ __floordiv__ __mod__ __pow__ __neg__ __pos__ __invert__ __and__ __or__
  __xor__ __matmul__ __round__ __bool__ __int__ __float__ __index__ __format__ __missing__
  __reversed__ __iadd__ __divmod__ __sizeof__ __slots__ __module__ __set_name__ __init_subclass__
  __aenter__ __aexit__ __aiter__ __anext__ __array__ __name__ __text_signature__ __match_args__
  __members__ __copy__ __deepcopy__ __author__ __isub__ __imul__ __itruediv__ __rmod__ __rpow__
  __rfloordiv__ __lshift__ __rshift__ __bytes__ __cause__ __context__ __notes__ __traceback__
  __args__ __origin__ __file__ __getnewargs__ __ceil__ __floor__ __trunc__ __wrapped__
  __defaults__ __kwdefaults__', 'Uses a plain method', ''),
('py.attribute.module', 'python', 'attribute', 'high', '',
 'os _os sys _sys subprocess _subprocess builtins _builtins posix socket _socket shutil _shutil
  importlib _importlib imp ctypes _ctypes ctypeslib marshal pty urllib urlopen multiprocessing
  _multiprocessing inspect _inspect webbrowser tempfile import_module import_optional_dependency
  exec_module load_module spec_from_file_location find_spec load_source run_path run_module
  SourceFileLoader ExtensionFileLoader popen Popen execfile literal_eval.none exec_command
  threading _threading asyncio CDLL cdll windll PyDLL dlopen pydoc linecache modules meta_path
  path_hooks get_objects get_referrers get_referents settrace setprofile _getframe addaudithook
  audit_hook _current_frames exec _exec __import__ import_string import_item safe_import
  urlretrieve f2py distutils sysconfig runpy pkgutil zipimport fsspec _codecs _pickle',
 'Reaches a module of the machine through another library',
 'The way there is unusual, and hides what is used.'),
-- Python: arguments, as function#place=text or function#name=text.
('py.getattr', 'python', 'argument', 'medium', '',
 'builtins.getattr#1=*?* builtins.setattr#1=? builtins.hasattr#1=__* builtins.setattr#1=__*
  builtins.delattr#1=* operator.attrgetter#*=? operator.methodcaller#*=?',
 'Picks a function by a name that is made while it runs', 'Which one it is can not be read.'),
('py.getattr.known', 'python', 'argument', 'none', '',
 'builtins.getattr#1=__version__ builtins.getattr#1=__name__ builtins.getattr#1=__doc__
  builtins.getattr#1=__qualname__ builtins.getattr#1=__module__ builtins.getattr#1=__file__
  builtins.getattr#1=__len__ builtins.hasattr#1=__len__ builtins.hasattr#1=__iter__
  builtins.hasattr#1=__name__ builtins.hasattr#1=__version__ builtins.hasattr#1=__getitem__
  builtins.hasattr#1=__call__ builtins.hasattr#1=__next__ builtins.hasattr#1=__array__
  builtins.hasattr#1=__dict__ builtins.hasattr#1=__dataclass_fields__ builtins.hasattr#1=__str__
  builtins.hasattr#1=__wrapped__',
 'Asks for what leads nowhere', ''),
('py.getattr.inside', 'python', 'argument', 'block', '',
 'builtins.getattr#1=__* *#0=__class__ *#0=__globals__ *#0=__subclasses__ *#0=__builtins__
  *#0=__import__ *#0=__mro__
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
  *to_*=az:* *to_*=abfs* *scan_*=http*://* *read_*#0=//* *read_*#0=\\* *open#0=//* *open#0=\\*
  *Path#0=//* *open#0=http*://* *retrieve#0=http*://* *sink_*=http*://* *from_file=http*://*
  *from_url=* *load*#0=http*://* *DataSource*#0=http*://* *read_*=ssh:* *to_*=sftp:*
  *read_*=sftp:* *to_*=memory:* *loadtxt#0=http* *genfromtxt#0=http* *connect#0=*://*
  *create_engine#0=* *create_engine#0=sqlite:////* *create_engine#0=sqlite:///~*
  *.show#renderer=browser *open_*#0=http*://* duckdb.*=*://* *#con=*://* *.to_sql#1=*://*
  *.parse#0=http*://* *.XMLParser#resolve_entities=true *.XMLParser#no_network=false
  *.XMLParser#load_dtd=true',
 'Reads from or writes to another machine', 'Data may leave, and other data may come in.'),
('py.database.own', 'python', 'argument', 'note', 'reads',
 '*create_engine#0=sqlite:// *create_engine#0=sqlite:///* *create_engine#0=duckdb:///*',
 'Opens a database in a file of the run', ''),
('py.environment.key', 'python', 'argument', 'high', 'reads',
 'os.environ[]#0=* os.environ[]#key=*',
 'Reads or sets the environment', 'Keys and passwords are kept there.'),
('py.environment.plain', 'python', 'argument', 'note', 'reads',
 'os.environ[]#0=MPLBACKEND os.environ[]#0=MPLCONFIGDIR os.environ[]#0=*_NUM_THREADS
  os.environ[]#0=*_MAX_THREADS os.environ[]#0=TZ os.environ[]#0=TF_CPP_MIN_LOG_LEVEL
  os.environ[]#0=PYTHONHASHSEED os.environ[]#0=PYTHONWARNINGS os.environ[]#0=LANG
  os.environ[]#0=LC_ALL os.environ[]#0=CUDA_VISIBLE_DEVICES os.environ[]#0=TOKENIZERS_PARALLELISM
  os.environ[]#0=KMP_* os.environ[]#0=COLUMNS os.environ[]#0=LOG_LEVEL os.environ[]#0=LOGLEVEL
  os.environ[]#0=DEBUG os.environ[]#0=VERBOSE os.environ[]#0=INPUT_* os.environ[]#0=OUTPUT_*
  os.environ[]#0=DATA_DIR os.environ[]#0=OUT_DIR os.environ[]#0=OUTDIR os.environ[]#0=RESULTS_DIR
  os.environ[]#0=LOKY_MAX_CPU_COUNT os.environ[]#0=TF_ENABLE_ONEDNN_OPTS
  os.environ[]#0=PYTHONIOENCODING os.environ[]#0=JOBLIB_* os.environ[]#0=OMP_*
  os.environ[]#0=CUBLAS_WORKSPACE_CONFIG os.environ[]#0=POLARS_*',
 'Reads or sets a plain setting of the environment', ''),
('py.argument.root', 'python', 'argument', 'high', 'reads',
 '*open#0=/ *walk#0=/ *listdir#0=/ *scandir#0=/ *Path#0=/ *Path#0=~ *glob#0=/* *open#0=~ *chdir#*
  *listdir#0=.. *walk#0=.. *Path#0=.. *iglob#0=/*',
 'Looks at places outside of the run', ''),
('py.argument.place', 'python', 'argument', 'high', 'reads',
 'builtins.open#0=/* io.open#0=/* codecs.open#0=/* *.read_*#0=/* *.scan_*#0=/* *.to_*#0=/*
  *.savefig#0=/* *ExcelWriter#0=/* *ExcelFile#0=/* *PdfPages#0=/* *.write_*#0=/* *Path#0=/*
  *.walk#0=/* *.listdir#0=/* *.scandir#0=/* *.loadtxt#0=/* *.genfromtxt#0=/* numpy.load#0=/*
  *.savetxt#0=/* numpy.save*#0=/* *.imread#0=/* *.imsave#0=/* *.load_workbook#0=/* *.save#0=/*
  *.makedirs#0=/* *.mkdir#0=/* *ZipFile#0=/* *.extract*#*=/* gzip.open#0=/* shutil.*#*=/*
  *.sink_*#0=/* sqlite3.connect#0=/* duckdb.connect#0=/* *FileHandler#0=/* *Document#0=/*
  *.open#0=/* *.File#0=/* *#fname=/* *#path=/* *#path_or_buf=/* *#path_or_buffer=/*
  *#filepath_or_buffer=/* *#filepath=/* *#io=/* *#filename=/* *#file=/* *#excel_writer=/* *#fp=/*
  *#source=/* *#where=/*',
 'Names a place outside of the folder of the run',
 'Keys and other people''s files are kept there.'),
('py.argument.place.own', 'python', 'argument', 'none', '',
 'builtins.open#0=/tmp/* io.open#0=/tmp/* codecs.open#0=/tmp/* *.read_*#0=/tmp/* *.scan_*#0=/tmp/*
  *.to_*#0=/tmp/* *.savefig#0=/tmp/* *ExcelWriter#0=/tmp/* *ExcelFile#0=/tmp/* *PdfPages#0=/tmp/*
  *.write_*#0=/tmp/* *Path#0=/tmp* *.walk#0=/tmp/* *.listdir#0=/tmp* *.savetxt#0=/tmp/*
  numpy.save*#0=/tmp/* numpy.load#0=/tmp/* *.imsave#0=/tmp/* *.load_workbook#0=/tmp/*
  *.save#0=/tmp/* *.makedirs#0=/tmp/* *.mkdir#0=/tmp/* *FileHandler#0=/tmp/* *ZipFile#0=/tmp/*
  *#fname=/tmp/* *#path=/tmp/* *#path_or_buf=/tmp/* *#path_or_buffer=/tmp/*
  *#filepath_or_buffer=/tmp/* *#filepath=/tmp/* *#io=/tmp/* *#filename=/tmp/* *#file=/tmp/*
  *#excel_writer=/tmp/* *#fp=/tmp/* *#source=/tmp/* *#where=/tmp/*',
 'Names a place that the run may write to', ''),
('py.decode.text', 'python', 'argument', 'medium', '',
 'base64.b64decode#0=* base64.b32decode#0=* base64.b16decode#0=* base64.b85decode#0=*
  base64.a85decode#0=* base64.urlsafe_b64decode#0=* base64.standard_b64decode#0=*
  base64.decode*#0=* binascii.unhexlify#0=* binascii.a2b_*#0=* zlib.decompress*#0=*
  bz2.decompress#0=* lzma.decompress#0=* gzip.decompress#0=* quopri.*#0=* codecs.decode#0=*',
 'Unpacks a text that can not be read', 'What it hides is only known when it runs.'),
('py.decode.data', 'python', 'argument', 'none', '',
 'base64.b64decode#0=? base64.b32decode#0=? base64.b16decode#0=? base64.b85decode#0=?
  base64.a85decode#0=? base64.urlsafe_b64decode#0=? base64.standard_b64decode#0=?
  base64.decode*#0=? binascii.unhexlify#0=? binascii.a2b_*#0=? zlib.decompress*#0=?
  bz2.decompress#0=? lzma.decompress#0=? gzip.decompress#0=?',
 'Unpacks what the program read', ''),
('py.argument.expression', 'python', 'argument', 'medium', '',
 '*.eval#0=? *.sympify#0=? *.parse_expr#0=? sympy.S#0=? jinja2.Template#0=?
  jinja2.*.from_string#0=?',
 'Reckons with an expression in a text', 'Such texts are code of their own.'),
('py.argument.pickle', 'python', 'argument', 'high', '',
 '*#allow_pickle=true *#allow_pickle=? *#allow_pickle=number numpy.load#2=true numpy.load#2=?
  *#opener=*
  *#engine=python.none *#closefd=*
  *#storage_options=?',
 'Allows data that can hold code', 'Such files run what they say when they are opened.'),
('py.argument.shell', 'python', 'argument', 'block', 'calls',
 '*#shell=true *#shell=number *#preexec_fn=*',
 'Runs a line of a shell', ''),
('py.type.made', 'python', 'argument', 'high', '', 'builtins.type#2=*',
 'Makes a class while it runs', ''),
('py.database.unseen', 'python', 'argument', 'medium', 'changes',
 '*.execute#0=* duckdb.sql#0=* duckdb.query#0=* duckdb.execute#0=* duckdb.connect().*.execute#0=*
  duckdb.read_*#0=*:* duckdb.connect#0=md:* *.sql#0=? *.read_sql#0=? *.read_sql_query#0=?
  duckdb.query#0=?
  duckdb.execute#0=? *.executemany#0=?',
 'Asks a database for what can not be read here', 'The words are put together while it runs.'),
('py.database.seen', 'python', 'argument', 'none', '',
 '*.execute#0=*select* *.execute#0=*SELECT* *.execute#0=*Select* *.execute#0=values*
  duckdb.sql#0=*select* duckdb.sql#0=*SELECT* duckdb.query#0=*select* duckdb.query#0=*SELECT*
  duckdb.execute#0=*select* duckdb.execute#0=*SELECT* duckdb.connect().*.execute#0=*select*
  duckdb.connect().*.execute#0=*SELECT*
  *.execute#0=*insert* *.execute#0=*INSERT* *.execute#0=*update* *.execute#0=*UPDATE*
  *.execute#0=*delete* *.execute#0=*DELETE* *.execute#0=*create* *.execute#0=*CREATE*
  *.execute#0=*drop* *.execute#0=*DROP*
  duckdb.*#0=PIVOT * duckdb.*#0=UNPIVOT * duckdb.*#0=SUMMARIZE * duckdb.*#0=DESCRIBE *',
 'Asks a database for what is read as SQL', ''),
('py.file.kept', 'python', 'argument', 'medium', '', '*.NamedTemporaryFile#delete=false',
 'Leaves a file outside of the run', ''),
('py.amount', 'python', 'argument', 'medium', '',
 'builtins.range#*=number.huge builtins.bytes#0=number.huge builtins.bytearray#0=number.huge
  numpy.zeros*=number.huge numpy.ones*=number.huge numpy.empty*=number.huge
  numpy.full*=number.huge numpy.arange*=number.huge numpy.linspace*=number.huge
  numpy.eye*=number.huge numpy.identity*=number.huge numpy.tile*=number.huge
  numpy.repeat*=number.huge *#size=number.huge *.rand#*=number.huge *.randn#*=number.huge
  torch.zeros*=number.huge torch.ones*=number.huge torch.empty*=number.huge time.sleep#0=number.*
  threading.stack_size#0=number.* sys.set_int_max_str_digits#* itertools.repeat#1=number.huge
  itertools.product#repeat=number.* math.factorial#0=number.* random.randbytes#0=number.huge
  *.ljust#0=number.huge *.rjust#0=number.huge *.zfill#0=number.huge *.center#0=number.huge
  builtins.pow#*=number.huge *.date_range#periods=number.huge *.truncate#0=number.huge
  *.seek#0=number.huge *.write#0=number.huge secrets.*#0=number.huge os.urandom#0=number.huge
  asyncio.sleep#0=number.* array.array#*=number.huge *.repeat#0=number.huge
  *.reindex#0=number.huge concurrent.futures.*#*=number.* sys.setrecursionlimit#0=number.huge',
 'Asks for very much at once', 'Memory or time of the run may not be enough.'),
('py.files.over', 'python', 'argument', 'high', 'changes', 'fileinput.*#inplace=*',
 'Writes over the file that it reads', ''),
('py.memory.unseen', 'python', 'argument', 'medium', '',
 'sqlite3.memory().execute#0=? sqlite3.memory().executemany#0=? sqlite3.memory().sql#0=?
  sqlite3.memory().executescript#0=? sqlite3.memory().query#0=? sqlite3.memory().read_sql#0=?
  sqlite3.memory().read_sql_query#0=? *.executescript#0=*',
 'Asks a database for what can not be read here', 'The words are put together while it runs.'),
('py.memory.seen', 'python', 'argument', 'none', '', 'sqlite3.memory().*#0=*',
 'Asks a database of its own', ''),
('py.memory.text', 'python', 'clause', 'note', '', 'sql.memory',
 'Keeps tables of its own', ''),
('py.expression.doubles', 'python', 'clause', 'medium', '', 'expression.doubles',
 'Searches text in a way that may never end', 'Each more letter doubles the work.'),
('py.open.number', 'python', 'argument', 'medium', 'calls',
 'builtins.open#0=number os.fdopen#0=number',
 'Opens what another program left open', ''),
('py.database.uri', 'python', 'argument', 'medium', 'reads',
 'sqlite3.connect#uri=* sqlite3.connect#0=file:*', 'Opens a database by an address', ''),
('py.read.page', 'python', 'clause', 'medium', 'calls', 'read.page',
 'Names an address, and reads from a place that can not be seen',
 'It may read from another machine.'),
('py.endless', 'python', 'clause', 'medium', '', 'loop.endless',
 'Repeats without an end', 'Nothing in the loop leaves it.'),
('py.define', 'python', 'clause', 'high', '',
 'define.__reduce__ define.__reduce_ex__ define.__getattribute__ define.__import__
  define.__class_getitem__.none define.__prepare__',
 'Changes how Python itself reads or finds values', ''),
('py.define.end', 'python', 'clause', 'medium', '', 'define.__del__',
 'Does something when a value is thrown away', 'When that is can not be read.'),
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
  *!!python/*
  *<!entity *',
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
  attach *
  *install httpfs*
  *load httpfs*
  *from ''http*
  *(''http*
  *from ''/*
  *from ''s3:*
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
  *packages/*.pth
  site*.pth
  */dev/tcp/*
  *docker.sock*',
 'Names a place outside of the run', 'Keys and other people''s files are kept there.'),
('py.text.remote', 'python', 'string', 'medium', 'calls',
 's3://*
  zip://*
  module://*
  simplecache::*
  filecache::*
  blockcache::*
  *::http*
  *::s3:*
  s3a://*
  gs://*
  gcs://*
  az://*
  abfs://*
  abfss://*
  wasb://*
  hdfs://*
  smb://*
  ssh://*
  scp://*
  dbfs:/*
  gdrive://*
  tcp://*
  udp://*
  ws://*
  wss://*
  ldap://*
  telnet://*
  rtsp://*
  rtmp://*
  rtp://*
  amqp://*
  amqps://*
  mqtt://*
  nfs://*
  git://*
  git+*://*
  irc://*
  ipfs://*
  socks5://*
  imap://*
  smtp://*
  nats://*
  clickhouse://*
  snowflake://*
  bigquery://*
  webhdfs://*
  oss://*
  cos://*
  adl://*
  wasbs://*
  r2://*
  gopher://*
  dict://*
  jar:*
  github://*
  hf://*',
 'Names a place on another machine', ''),
('py.text.shell', 'python', 'string', 'high', '',
 '*/bin/sh*
  */bin/bash*
  *curl http*
  *wget http*
  *rm -rf /*
  *rm -rf ~*
  *rm -rf .*
  *rm -rf $*
  *rm -rf "*
  *rm -rf -*
  rm -rf *
  sudo rm -rf *
  *; rm -rf *
  *& rm -rf *
  *| xargs rm -rf*
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
  *base64 -d*',
 'Carries a command for a shell', '')
) r (id, language, match, level, capability, words, title, explanation);
