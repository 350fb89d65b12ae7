-- The shipped rules for Python: imports and names. A change makes a version.

set search_path = cs, pg_temp;

insert into cs.shipped_rule (id, language, match, patterns, level, title, explanation, capability)
select id, language, match, cs.policy_words(match, words), level, title, explanation, capability
from (values
-- Python: what may be imported. What no rule knows needs a person.
('py.import.known', 'python', 'import', 'none', '',
 'pandas pandas.* numpy numpy.* matplotlib matplotlib.* seaborn seaborn.* statsmodels statsmodels.*
  scipy scipy.* sklearn sklearn.* plotly plotly.* altair json csv hmac re datetime collections
  collections.abc math statistics itertools functools operator decimal fractions random string
  textwrap typing typing_extensions dataclasses enum calendar time zoneinfo bisect heapq copy
  pprint unicodedata difflib hashlib uuid numbers cmath abc contextlib array __future__ warnings
  io secrets struct locale graphlib keyword colorsys timeit dateutil dateutil.* pytz tabulate
  openpyxl openpyxl.* xlsxwriter pyarrow pyarrow.* polars polars.* duckdb xarray patsy patsy.*
  networkx networkx.* sympy sympy.* tqdm tqdm.* IPython.display rich rich.* html html.parser
  html.entities urllib.parse ipaddress binascii zlib gc logging types mpl_toolkits mpl_toolkits.*
  cycler pylab xgboost xgboost.* lightgbm lightgbm.* catboost lifelines lifelines.* prophet
  prophet.* pmdarima pmdarima.* arch arch.* statsforecast statsforecast.* imblearn imblearn.*
  mlxtend mlxtend.* category_encoders shap pingouin scikit_posthocs factor_analyzer linearmodels
  linearmodels.* ruptures tsfresh tsfresh.* umap umap.* hdbscan kmodes kmodes.* yellowbrick
  yellowbrick.* missingno squarify wordcloud adjustText palettable plotnine bokeh.* holoviews
  hvplot.pandas altair_saver mplfinance folium folium.* geopandas shapely shapely.* pyproj rtree
  haversine geopy.distance nltk nltk.* textblob gensim gensim.models gensim.corpora
  vaderSentiment.* rapidfuzz rapidfuzz.* fuzzywuzzy fuzzywuzzy.* thefuzz thefuzz.* Levenshtein
  jellyfish unidecode emoji langdetect inflect pyparsing bs4 PIL PIL.* skimage skimage.* optuna
  cvxpy pulp deap simpy SALib SALib.* pint uncertainties bottleneck sparse igraph community
  sortedcontainers more_itertools toolz toolz.* cytoolz boltons.* attr attrs pydantic pandera
  pandera.* marshmallow arrow pendulum holidays humanize babel babel.* prettytable termcolor
  colorama texttable tzdata tzlocal ciso8601 pandas_market_calendars numpy_financial empyrical
  pyfolio ta quantstats tensorflow tensorflow.keras tensorflow.keras.* tensorflow.data keras
  keras.* torch
  torch.nn torch.nn.* torch.optim torch.optim.* torch.utils.data
  torch.autograd orjson ujson simplejson xlrd xlwt odf docx docx.* pyreadstat fastparquet
  markdown reportlab reportlab.* fpdf contextvars gettext getopt optparse mimetypes reprlib
  stringprep tracemalloc plistlib mailbox chunk wave imghdr token sched email email.* http
  pdfplumber pypdf PyPDF2 docx2txt pptx pptx.* pyxlsb python_calamine agate petl janitor
  sklearn_pandas skopt skopt.* hyperopt pymc pymc.* arviz emcee filterpy filterpy.* pykalman
  hmmlearn hmmlearn.* sktime sktime.* tslearn tslearn.* tbats pyod pyod.* eli5 lime lime.*
  dtreeviz econml econml.* dowhy causalimpact scikitplot scikitplot.* researchpy ortools
  ortools.* cvxopt pywt astropy astropy.* rdkit rdkit.* Bio Bio.* libpysal libpysal.* esda esda.*
  mapclassify h3 pygal pygal.* pyecharts pyecharts.* joypy ptitprince upsetplot matplotlib_venn
  calplot july pywaffle highlight_text mplcursors brokenaxes colorcet cmocean great_tables
  itables ydata_profiling skrub featuretools feature_engine feature_engine.* boruta recordlinkage
  recordlinkage.* ftfy regex parse num2words money moneyed iso4217 pycountry phonenumbers
  phonenumbers.* schwifty stdnum stdnum.* nameparser faker mimesis chardet charset_normalizer
  dateparser dateparser.* workalendar workalendar.* isoweek iso8601 yake rake_nltk wordsegment
  textstat textdistance stop_words snowballstemmer jieba pypinyin spellchecker pypfopt pypfopt.*
  ffn talib pandas_ta QuantLib scikits scikits.* sklearn_extra sklearn_extra.* kneed imodels
  darts darts.* neuralprophet fbprophet stumpy bambi formulaic awkward jsonschema jsonpath_ng
  jmespath voluptuous cerberus typeguard beartype deprecated wrapt decorator tenacity cachetools
  loguru structlog cattrs anytree treelib bitarray intervaltree portion geojson shapefile utm
  mgrs geographiclib geographiclib.* metpy metpy.* pvlib pvlib.* unyt quantities mesa mesa.*
  leidenalg pgmpy pgmpy.* htmlmin html2text markdownify markdown2 mistune tomli tomlkit toml
  json5 ijson jsonlines clevercsv dbfread pyreadr icalendar ofxparse barcode qrcode qrcode.* cv2
  imageio imageio.* tifffile spacy spacy.lang.* importlib.metadata',
 'Uses a library for calculations', ''),
('py.import.files', 'python', 'import', 'note', '',
 'os os.path pathlib glob fnmatch stat filecmp posixpath ntpath sys argparse platform getpass
  base64 sqlite3 yaml zipfile gzip bz2 lzma tarfile quopri traceback inspect errno configparser
  tomllib xml.etree.ElementTree xml xml.etree concurrent.futures concurrent asyncio threading
  tempfile queue weakref shutil logging.config logging.handlers ast joblib jinja2 xml.dom
  xml.dom.* lxml lxml.* h5py pickle codecs shlex cProfile profile pstats unittest unittest.*
  fileinput sqlalchemy sqlalchemy.orm sqlalchemy.exc sqlalchemy.types sqlalchemy.sql
  sqlalchemy.engine dask dask.dataframe dask.array dask.bag dask.delayed dask.diagnostics numba
  numba.typed',
 'Loads a library that reaches files or the machine', 'What it does with it is told line by
  line.'),
('py.import.unknown', 'python', 'import', 'medium', '', '*',
 'Loads a library that the rules do not know',
 'Nobody said what this library can do, so nothing that it does is seen here.'),
('py.import.relative', 'python', 'import', 'high', '', '.* __main__ antigravity this',
 'Loads code from the folder that it runs in', 'A file that came as input would run as code.'),
('py.import.process', 'python', 'import', 'high', 'calls',
 'subprocess subprocess.* pty pexpect pexpect.* sh plumbum plumbum.* fabric fabric.* invoke
  multiprocessing multiprocessing.* posix nt _posixsubprocess commands popen2 resource signal
  fcntl termios tty pwd grp spwd crypt syslog os.system psutil asyncio.subprocess popen _winapi
  winreg msvcrt daemon sched_ext concurrent.futures.process joblib.* dask.* ray ray.*
  distributed docker docker.* kubernetes kubernetes.* mmap readline curses nis ptrace ptrace.*
  distutils distutils.* setuptools setuptools.* pip pip.* ensurepip venv',
 'Can start programs or reach into the machine', 'An analysis needs no programs of its own.'),
('py.import.network', 'python', 'import', 'high', 'calls',
 'socket socketserver _socket ssl _ssl requests requests.* urllib urllib.request urllib.error
  urllib.robotparser urllib.response urllib2 urllib3 urllib3.* http.client http.server http.*
  ftplib smtplib smtpd poplib imaplib telnetlib nntplib xmlrpc xmlrpc.* aiohttp aiohttp.* httpx
  httpx.* httplib2 paramiko paramiko.* websocket websockets websockets.* pycurl boto3 boto3.*
  botocore botocore.* google.cloud google.cloud.* azure azure.* s3fs gcsfs fsspec fsspec.*
  smbclient scapy scapy.* dns dns.* webbrowser asyncore asynchat select selectors twisted
  twisted.* tornado tornado.* zmq grpc grpc.* flask flask.* fastapi fastapi.* uvicorn django
  django.* bottle mechanize selenium selenium.* playwright playwright.* scrapy scrapy.*
  feedparser slack_sdk slack_sdk.* telegram telegram.* discord pika kafka kafka.* redis redis.*
  pymongo pymongo.* psycopg2 psycopg2.* psycopg psycopg.* asyncpg pymysql pymysql.* MySQLdb mysql
  mysql.* cx_Oracle oracledb pyodbc sqlalchemy.* snowflake snowflake.* ldap3 hvac
  elasticsearch elasticsearch.* cgi wsgiref wsgiref.* idlelib idlelib.* pydoc yfinance openai',
 'Can speak to other machines', 'Data may leave, and other code may come in.'),
('py.import.native', 'python', 'import', 'block', '',
 'ctypes ctypes.* _ctypes cffi cffi.* _cffi_backend numba.cffi_support numpy.ctypeslib llvmlite
  llvmlite.* cython Cython Cython.* pyximport numpy.f2py numpy.f2py.* numpy.distutils
  numpy.distutils.* scipy.weave pandas._libs.* jnius pyautogui ctypeslib sip',
 'Calls machine code directly', 'No check of Python sees what machine code does.'),
('py.import.dynamic', 'python', 'import', 'high', '',
 'importlib importlib.* imp runpy pkgutil zipimport code codeop builtins __builtin__ __builtins__
  dis bdb pdb trace compileall py_compile marshal symtable opcode _frozen_importlib
  _frozen_importlib_external _imp modulefinder site sitecustomize usercustomize atexit
  faulthandler sysconfig doctest pytest test test.* lib2to3 lib2to3.* tokenize nbformat IPython
  IPython.core IPython.core.* IPython.utils IPython.utils.* jupyter_client ipykernel _io _pyio
  _thread _testcapi _xxsubinterpreters _interpreters bytecode uncompyle6 rlcompleter linecache
  pyclbr RestrictedPython numexpr simpleeval asteval jinja2.* mako mako.* string.templatelib six
  six.* future future.* numba.* cloudpickle_ext _operator _functools _collections _json
  _pickle_ unittest.mock unittest.mock.* unittest.loader',
 'Can make code while it runs', 'What runs then is not what was read.'),
('py.import.pickle', 'python', 'import', 'high', '',
 'pickle.* cPickle _pickle dill dill.* cloudpickle cloudpickle.* shelve dbm dbm.* jsonpickle
  pickletools copyreg copy_reg klepto torch.* tables ruamel
  ruamel.* xml.sax xml.sax.*',
 'Reads data that can hold code', 'Such files run what they say when they are opened.'),
('py.import.delete', 'python', 'import', 'high', 'changes', 'send2trash',
 'Can delete files', ''),
-- Python: names by what they stand for.
('py.os.known', 'python', 'name', 'none', '',
 'os.path os.path.* os.sep os.linesep os.getcwd os.fspath os.cpu_count os.curdir os.PathLike
  sys.version sys.version_info sys.argv sys.maxsize sys.stdout sys.stdout.write sys.stdout.flush
  sys.stdin sys.stdin.* sys.stdout.* sys.stderr.* sys.stderr sys.stderr.write sys.float_info
  sys.float_info.* sys.getsizeof sys.byteorder sys.exit sys.executable.none os.name os.extsep
  os.path.join() sys.stdout.reconfigure sys.getrecursionlimit sys.setrecursionlimit sys.int_info
  sys.platform sys.version_info[] sys.version_info.* gc.collect sys.argv[] sys.intern
  sys.version.* sys.version[] sys.version[].* sys.platform.* sys.argv.* sys.argv[].* sys.exc_info
  sys.exc_info()[] sys.float_info.* sys.hexversion sys.implementation.name sys.maxunicode
  os.sep.* os.linesep.* os.getcwd().* os.cpu_count() os.get_terminal_size os.urandom os.times
  types.MappingProxyType types.NoneType types.GeneratorType inspect.signature
  inspect.signature().* inspect.getdoc inspect.cleandoc inspect.isfunction inspect.isclass
  platform.python_version platform.python_version().* logging.handlers.RotatingFileHandler
  logging.handlers.TimedRotatingFileHandler logging.handlers.QueueHandler
  logging.handlers.MemoryHandler os.getpid os.access os.R_OK os.W_OK os.F_OK
  sys.getdefaultencoding sys.getrefcount sys.flags sys.tracebacklimit sys.getfilesystemencoding
  sys.api_version platform.system platform.release platform.machine platform.platform
  platform.python_implementation platform.processor platform.system().*
  weakref.WeakValueDictionary weakref.WeakKeyDictionary weakref.WeakSet weakref.ref weakref.proxy
  traceback.extract_tb inspect.getfullargspec inspect.Parameter.* inspect.ismethod
  inspect.isgenerator inspect.iscoroutinefunction inspect.Signature platform.python_version_tuple
  sys.stdout.encoding sys.excepthook sys.__excepthook__',
 'Handles names of files', ''),
('py.os.read', 'python', 'name', 'note', 'reads',
 'os.stat().st_* os.listdir().* os.listdir()[] os.listdir()[].* os.scandir().* os.listdir
  os.scandir os.walk os.stat os.path.getsize glob.glob glob.iglob os.path.exists os.fdopen
  os.close',
 'Looks which files there are', ''),
('py.os.expand', 'python', 'name', 'high', 'reads',
 'os.path.expanduser os.path.expandvars os.path.os os.path.os.* os.path.genericpath
  os.path.genericpath.* *.parent.parent* *cwd().parent* pathlib.Path.home pathlib.os pathlib.os.*
  pathlib.io.* glob.os glob.os.*',
 'Leaves the folder of the run', ''),
('py.os.makedirs', 'python', 'name', 'note', 'saves', 'os.makedirs os.mkdir',
 'Makes a folder', ''),
('py.os.other', 'python', 'name', 'high', 'calls',
 'os os.* sys sys.* platform platform.* getpass.* posixpath.* ntpath.* inspect inspect.*
  gc.* types.CodeType types.FunctionType types.MethodType types.LambdaType types.ModuleType
  types.FrameType types.CodeType.* types.FunctionType.* types.*Type types.new_class
  weakref.* traceback.walk_* traceback.extract_* traceback.StackSummary* logging.config*
  logging.handlers* logging.os* logging.sys*',
 'Reaches into the machine or the interpreter',
 'Programs, processes, the environment and loaded modules are reached this way.'),
('py.process', 'python', 'name', 'block', 'calls',
 'os.system os.popen os.exec* os.spawn* os.posix_spawn* os.fork* os.kill os.killpg os.startfile
  os.system.* os.popen.* subprocess.* pty.* posix.* multiprocessing.* pexpect.* commands.*
  _posixsubprocess.* asyncio.create_subprocess_* asyncio.subprocess.*',
 'Starts another program', 'An analysis needs no programs of its own.'),
('py.environment', 'python', 'name', 'high', 'reads',
 'os.environ os.environ.* os.environ[]* os.environb* os.getenv os.getenvb os.putenv os.unsetenv',
 'Reads or sets the environment', 'Keys and passwords are kept there.'),
('py.delete', 'python', 'name', 'high', 'changes',
 'os.remove os.unlink os.rmdir os.removedirs os.rename* os.replace os.chmod os.chown os.lchown
  os.truncate os.link os.symlink os.mkfifo os.mknod os.utime shutil.* os.chdir os.chroot os.umask',
 'Deletes, moves or changes files', ''),
('py.dynamic', 'python', 'name', 'block', '',
 'builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.execfile
  builtins.eval.* builtins.exec.* builtins.compile.* builtins.__import__.* builtins.breakpoint
  builtins.__builtins__ builtins.__builtins__.* builtins.__builtins__[]* builtins.__loader__*
  builtins.__spec__* builtins.reload importlib.* imp.* runpy.* builtins.reload.* builtins.eval()*
  builtins.exec()* builtins.compile()* code.* codeop.* pkgutil.* zipimport.* cProfile.run
  cProfile.runctx profile.run profile.runctx unittest.mock unittest.mock.*',
 'Runs code that is made while it runs', 'What runs then is not what was read.'),
('py.scope', 'python', 'name', 'high', '',
 'builtins.globals builtins.globals()* builtins.locals builtins.locals()* builtins.__dict__*
  builtins.__*__ builtins.__*__.* builtins.__*__[]* builtins.delattr builtins.help
  builtins.license builtins.copyright builtins.credits builtins.exit.* builtins.quit.*',
 'Reaches all names that there are', 'Functions can be found there without naming them.'),
('py.scope.known', 'python', 'name', 'none', '',
 'builtins.__name__ builtins.__doc__ builtins.__version__ builtins.__author__ builtins.__all__
  builtins.__debug__ builtins.__slots__ builtins.__annotations__ builtins.__add__
  builtins.__radd__ builtins.__iadd__ builtins.__sub__ builtins.__rsub__ builtins.__isub__
  builtins.__mul__ builtins.__rmul__ builtins.__imul__ builtins.__truediv__ builtins.__rtruediv__
  builtins.__itruediv__ builtins.__floordiv__ builtins.__rfloordiv__ builtins.__ifloordiv__
  builtins.__mod__ builtins.__rmod__ builtins.__imod__ builtins.__pow__ builtins.__rpow__
  builtins.__ipow__ builtins.__matmul__ builtins.__rmatmul__ builtins.__imatmul__
  builtins.__and__ builtins.__rand__ builtins.__iand__ builtins.__or__ builtins.__ror__
  builtins.__ior__ builtins.__xor__ builtins.__rxor__ builtins.__ixor__ builtins.__lshift__
  builtins.__rlshift__ builtins.__ilshift__ builtins.__rshift__ builtins.__rrshift__
  builtins.__irshift__ builtins.__str__ builtins.__repr__ builtins.__hash__ builtins.__eq__
  builtins.__ne__ builtins.__lt__ builtins.__le__ builtins.__gt__ builtins.__ge__
  builtins.__len__ builtins.__iter__ builtins.__next__ builtins.__call__ builtins.__contains__
  builtins.__getitem__ builtins.__setitem__ builtins.__bool__ builtins.__int__ builtins.__float__
  builtins.__neg__ builtins.__abs__ builtins.__enter__ builtins.__exit__ builtins.__copy__
  builtins.__format__ builtins.__match_args__ builtins.__array_priority__ builtins.__tablename__
  builtins.__license__ builtins.__email__ builtins.__copyright__ builtins.__date__
  builtins.__status__ builtins.__credits__ builtins.__test__ builtins.__title__',
 'Uses a name of the module', ''),
('py.scope.file', 'python', 'name', 'note', '', 'builtins.__file__', 'Asks for its own path', ''),
('py.native', 'python', 'name', 'block', '',
 'ctypes.* cffi.* numpy.ctypeslib numpy.ctypeslib.* numpy.f2py.* numpy.distutils.*
  numpy.ctypeslib[]*
  numpy.show_runtime.* pandas._libs.*',
 'Calls machine code directly', 'No check of Python sees what machine code does.'),
('py.star', 'python', 'clause', 'medium', '', 'import.star.*', 'Brings in names that are not
  written down',
 'Which names stand for what can not be seen.'),
('py.pickle', 'python', 'name', 'high', '',
 'pandas.read_pickle pandas.read_hdf *.read_pickle *.load_pickle pickle.* joblib.load torch.load
  torch.load.* yaml.load yaml.unsafe_load yaml.full_load yaml.load_all yaml.unsafe_load_all
  yaml.full_load_all yaml.*Loader yaml.Loader yaml.UnsafeLoader marshal.* dill.* cloudpickle.*
  shelve.* jsonpickle.* *.read_hdf sklearn.externals.joblib* statsmodels.iolib.smpickle*
  *.OLSResults.load *.remove_data.load numpy.lib.npyio.load *.load_model *.HDFStore
  pandas.HDFStore()*
  yaml.constructor* yaml.YAMLObject yaml.add_* statsmodels.iolib.api.load_pickle
  statsmodels.api.load statsmodels.api.load_pickle pickle',
 'Reads data that can hold code', 'Such files run what they say when they are opened.'),
('py.pickle.safe', 'python', 'name', 'none', '', 'yaml.SafeLoader yaml.CSafeLoader',
 'Reads plain data', ''),
('py.decode', 'python', 'name', 'note', '',
 'base64.b64decode base64.b32decode base64.b16decode base64.b85decode base64.a85decode
  base64.decode* base64.urlsafe_b64decode base64.standard_b64decode binascii.unhexlify
  binascii.a2b_* zlib.decompress* bz2.decompress lzma.decompress gzip.decompress quopri.*
  *.decodebytes codecs.decode',
 'Unpacks text that can not be read', 'What it hides is only known when it runs.'),
('py.decode.other', 'python', 'name', 'medium', '', 'codecs.*',
 'Unpacks text in a way of its own', 'What it hides is only known when it runs.'),
('py.decode.known', 'python', 'name', 'none', '',
 'codecs.BOM* codecs.encode codecs.lookup codecs.lookup.*', 'Says how text is written', ''),
('py.files.change', 'python', 'name', 'high', 'changes',
 'pathlib.Path().rename pathlib.Path().replace pathlib.Path().*.rename tarfile.open().extract*
  tarfile.*.extract* *.unlink *.rmdir *.rmtree *.symlink_to *.hardlink_to *.link_to *.chmod
  *.lchmod *.extractall *.load_extension *.enable_load_extension *.expanduser *.chown',
 'Deletes or changes files, or loads what it finds in one', ''),
('py.files.own', 'python', 'name', 'note', 'saves', 'run.removed',
 'Removes or moves a file that it wrote itself', ''),
('py.files.save', 'python', 'name', 'note', 'saves',
 'shutil.copy shutil.copy2 shutil.copyfile shutil.copyfileobj tempfile.TemporaryDirectory
  tempfile.NamedTemporaryFile tempfile.TemporaryFile tempfile.mkdtemp tempfile.mkstemp *.to_csv
  *.to_excel *.to_json *.to_parquet *.to_html *.to_latex *.to_markdown *.to_feather *.savefig
  *.write_text *.write_html *.write_image pandas.ExcelWriter numpy.save numpy.savetxt
  numpy.savez* *.to_stata *.to_xml *.imsave *.to_orc *.write_csv *.write_parquet *.to_hdf
  *.write_bytes *.tofile *.to_pickle shutil.make_archive joblib.dump pickle.dump pickle.dumps
  pickle.HIGHEST_PROTOCOL pickle.PicklingError zipfile.ZipFile().extract
  zipfile.ZipFile().extractall',
 'Saves a file', ''),
('py.files.pickle', 'python', 'name', 'medium', 'saves',
 '*.to_clipboard pandas.read_clipboard *.to_gbq *.dump_session',
 'Saves in a form that can hold code, or outside of files', ''),
('py.database', 'python', 'name', 'medium', 'changes',
 '*.to_sql *.executescript *.executemany pandas.read_gbq pandas.io.sql.* duckdb.* *.saveAsTable
  *.insertInto *.write.save *.write.mode* *.write.jdbc *.write.format* *.writeTo',
 'Changes a database, or runs several statements', ''),
('py.database.read', 'python', 'name', 'note', 'reads',
 'duckdb.sql duckdb.query duckdb.execute duckdb.connect duckdb.sql().* duckdb.query().*
  duckdb.execute().* duckdb.connect().* duckdb.connect() duckdb.from_df duckdb.read_*
  duckdb.arrow pandas.read_sql pandas.read_sql_query pandas.read_sql_table sqlite3.connect',
 'Asks a database', ''),
('py.memory', 'python', 'name', 'note', '', 'sqlite3.memory().*',
 'Asks a database of its own', ''),
('py.files.read', 'python', 'name', 'note', 'reads',
 'pandas.read_csv pandas.read_excel pandas.read_json pandas.read_parquet pandas.read_table
  pandas.read_fwf pandas.read_html pandas.read_xml pandas.read_feather pandas.read_orc
  pandas.read_stata pandas.read_sas pandas.read_spss polars.read_csv polars.read_parquet
  polars.read_json polars.read_ndjson polars.read_excel polars.read_ipc polars.read_avro
  polars.scan_csv polars.scan_parquet polars.scan_ipc polars.scan_ndjson numpy.load numpy.loadtxt
  numpy.genfromtxt *.read_text *.read_bytes numpy.fromfile io.open codecs.open fileinput.*
  xarray.open_dataset xarray.open_dataarray xarray.open_mfdataset h5py.File numpy.memmap
  tarfile.open().extractfile *.extractfile',
 'Reads a file', ''),
('py.files.raw', 'python', 'name', 'medium', 'reads',
 'numpy.DataSource numpy.lib.npyio.DataSource numpy.fromregex numpy.frombuffer.tofile io.open_code
  tempfile.* *.open_memmap numpy.lib.stride_tricks.as_strided numpy.save.open linecache.*
  pathlib.Path().open.* tokenize.open',
 'Reads or writes files as bytes', ''),
('py.pandas.eval', 'python', 'name', 'medium', '',
 'pandas.eval numexpr.* numpy.vectorize.eval *.pipe.eval sympy.parsing.* numpy.sctypeDict.eval
  patsy.EvalEnvironment*',
 'Reckons with an expression in a text', 'Such texts are code of their own.'),
('py.method.process', 'python', 'name', 'block', 'calls',
 '*.popen *.check_output *.check_call *.getoutput *.getstatusoutput *.Popen *.create_subprocess_*
  *.execv *.execve *.execl *.execlp *.execvp *.execvpe *.spawnl *.spawnv *.spawnlp *.spawnvp
  *.posix_spawn *.forkpty *.fork *.run_cell* *.run_line_magic *.getoutput',
 'Starts another program', 'An analysis needs no programs of its own.'),
('py.method.system', 'python', 'call', 'block', 'calls',
 'builtins.*.system ?.system *).system *].system',
 'Starts another program', 'An analysis needs no programs of its own.'),
('py.method.network', 'python', 'name', 'high', 'calls',
 '*.urlopen *.urlretrieve *.create_connection *.sendall *.HTTPConnection *.HTTPSConnection
  *.open_connection *.start_server *.create_server *.getaddrinfo *.gethostbyname asyncio.open_*
  asyncio.get_event_loop().run_in_executor *.subprocess_exec *.subprocess_shell
  *.ProcessPoolExecutor *.connect_ex',
 'Speaks to other machines', 'Data may leave, and other code may come in.'),
('py.threads', 'python', 'name', 'medium', '',
 'threading.* concurrent.futures.* asyncio.* builtins.memoryview.cast',
 'Runs several things at a time', 'In which order they happen can not be read.'),
('py.threads.known', 'python', 'name', 'none', '',
 'concurrent.futures.ThreadPoolExecutor concurrent.futures.as_completed asyncio.run
  shutil.get_terminal_size()* shutil.disk_usage
  threading.Thread threading.Event threading.RLock threading.Semaphore threading.current_thread
  threading.BoundedSemaphore threading.Condition threading.Barrier threading.local
  threading.Thread().* asyncio.Queue asyncio.Semaphore asyncio.wait_for asyncio.create_task
  asyncio.Lock asyncio.Event asyncio.TimeoutError asyncio.to_thread shutil.get_terminal_size
  asyncio.sleep asyncio.gather threading.Lock concurrent.futures.wait
  concurrent.futures.ThreadPoolExecutor()* asyncio.TaskGroup asyncio.timeout
  asyncio.iscoroutinefunction asyncio.as_completed asyncio.wait asyncio.run().*
  concurrent.futures.TimeoutError concurrent.futures.ALL_COMPLETED
  concurrent.futures.FIRST_COMPLETED concurrent.futures.Future',
 'Runs several things at a time', ''),
('py.star.known', 'python', 'clause', 'none', '',
 'import.star.math import.star.numpy import.star.pandas import.star.statistics
  import.star.matplotlib.pyplot import.star.datetime import.star.collections
  import.star.itertools import.star.sklearn.* import.star.scipy.* import.star.matplotlib.*
  import.star.seaborn import.star.sympy import.star.functools import.star.dataclasses
  import.star.enum import.star.random import.star.string import.star.fractions
  import.star.plotly.* import.star.bokeh.* import.star.polars import.star.typing
  import.star.pylab import.star.decimal',
 'Brings in all names of a plain library', '')
) r (id, language, match, level, capability, words, title, explanation);
