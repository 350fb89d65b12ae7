-- The shipped rules for Python: parts of libraries, by their names.

set search_path = cs, pg_temp;

insert into cs.shipped_rule (id, language, match, patterns, level, title, explanation, capability)
select id, language, match, cs.policy_words(match, words), level, title, explanation, capability
from (values
('py.library.outside', 'python', 'name', 'high', 'calls',
 'nltk.download nltk.download_* nltk.data.* nltk.downloader* nltk.app* nltk.internals*
  nltk.tokenize.*.urlopen nltk.parse.* nltk.sem.* nltk.tag.stanford* nltk.classify.weka*
  gensim.downloader* gensim.utils.* gensim.models.*.load PIL.ImageGrab* PIL.ImageShow*
  PIL.ImageMath* PIL.PSDraw* geopandas.datasets* geopandas.tools.* geopandas.read_postgis
  geopy.geocoders* bokeh.server* bokeh.client* bokeh.command* bokeh.io.webdriver* bokeh.util.*
  torch.hub* torch.package* torch.jit* torch.utils.cpp_extension* torch.multiprocessing*
  torch.distributed* torch.ops.load_library torch.classes* torch.compile torch.serialization*
  torch.utils.* torch.onnx* torch.testing* optuna.integration* optuna.storages*
  pydantic.ImportString pydantic.PyObject pydantic.v1.* folium.utilities* bokeh.embed.server*
  tensorflow.io.* tensorflow.saved_model* tensorflow.load_* tensorflow.*py_function*
  tensorflow.numpy_function* tensorflow.distribute* tensorflow.*datasets* keras.datasets*
  *keras.utils.get_file tensorflow.compat* tensorflow.python* tensorflow.*raw_ops*
  tensorflow.summary* tensorflow.profiler* tensorflow.debugging* keras.src* keras.*deserialize*
  *keras.*.deserialize*
  *.enable_unsafe_deserialization joblib.* ast.* jinja2.*Loader* jinja2.loaders* jinja2.nodes*
  jinja2.nativetypes* jinja2.sandbox*
  jinja2.bccache* plotly.io.orca* plotly.io._* plotly.plotly* chart_studio*
  polars.Config.load* polars.read_database* polars.register_plugin* polars.plugins* polars.io*
  altair_viewer* altair.utils* altair.vega* rich.console* tqdm.contrib* tqdm.cli*
  networkx.drawing* networkx.utils* xarray.tutorial* xarray.backends* openpyxl.compat*
  openpyxl.xml* pyarrow.fs* pyarrow.flight* pyarrow.hdfs* pyarrow.cuda* pyarrow.plasma*
  pyarrow.compute.call* pyarrow.deserialize* pyarrow.default_serialization* pyarrow.lib*
  pyarrow.substrait* sympy.utilities* sympy.printing* sympy.preview sympy.plotting.*
  sympy.external* sympy.core.sympify* patsy.eval* patsy.state* boltons.tbutils* numba.* dask.*
  sqlalchemy.* boltons.fileutils* boltons.socketutils* toolz.sandbox* wordcloud.*cli*
  mplfinance._* xgboost.dask* xgboost.spark* xgboost.rabit* xgboost.tracker* lightgbm.dask*
  lightgbm.register_logger shap.datasets* shap.*load* catboost.datasets*
  statsforecast.distributed* skimage.io.*http* skimage.data* skimage.util.*
  imblearn.datasets.fetch_* markdown.extensions* markdown.util* reportlab.lib.utils*
  reportlab.lib.rl_safe_eval* reportlab.platypus.paraparser* docx.opc* pandera.io*
  pandera.*_from_* marshmallow.class_registry* spacy.cli* spacy.load spacy.util*',
 'Uses a part of a library that leaves the run', 'It loads, sends or runs what is not seen here.'),
('py.library.known', 'python', 'name', 'none', '',
 'ast.literal_eval joblib.Parallel joblib.delayed joblib.cpu_count joblib.hash torch.utils.data.*
  torch.nn.utils.* nltk.tokenize.* sympy.printing.latex sympy.utilities.iterables*
  networkx.drawing.layout* rich.console.Console rich.console.Console()* polars.Config
  sympy.plotting.plot torch.testing.assert_close networkx.utils.pairwise rich.console.Group
  rich.console.Group()* sympy.utilities.lambdify sympy.utilities.lambdify.lambdify
  jinja2.BaseLoader jinja2.DictLoader skimage.util.img_as_* skimage.util.invert
  skimage.util.random_noise importlib.metadata.version importlib.metadata.PackageNotFoundError
  importlib.metadata numba.njit numba.jit numba.njit()* numba.jit()* numba.prange numba.vectorize
  numba.guvectorize numba.int* numba.float* numba.boolean numba.complex* numba.types.*
  numba.typed.* numba.set_num_threads numba.get_num_threads numba.config.*
  dask.dataframe.* dask.array.* dask.bag.* dask.delayed dask.delayed.* dask.compute dask.delayed()*
  dask.diagnostics.* dask.dataframe dask.array dask.bag dask.visualize
  sqlalchemy.create_engine sqlalchemy.create_engine()* sqlalchemy.text sqlalchemy.text()*
  sqlalchemy.select sqlalchemy.select()* sqlalchemy.func sqlalchemy.func.* sqlalchemy.inspect
  sqlalchemy.inspect()* sqlalchemy.MetaData sqlalchemy.Table sqlalchemy.Column sqlalchemy.Integer
  sqlalchemy.String sqlalchemy.Float sqlalchemy.Boolean sqlalchemy.Date sqlalchemy.DateTime
  sqlalchemy.Numeric sqlalchemy.Text sqlalchemy.BigInteger sqlalchemy.ForeignKey sqlalchemy.and_
  sqlalchemy.or_ sqlalchemy.not_ sqlalchemy.desc sqlalchemy.asc sqlalchemy.case sqlalchemy.cast
  sqlalchemy.distinct sqlalchemy.literal sqlalchemy.extract sqlalchemy.types.* sqlalchemy.exc.*
  sqlalchemy.orm.Session sqlalchemy.orm.sessionmaker sqlalchemy.orm.declarative_base
  sqlalchemy.orm.DeclarativeBase sqlalchemy.orm.Mapped sqlalchemy.orm.mapped_column
  sqlalchemy.orm.relationship sqlalchemy.sql.text sqlalchemy.sql.select sqlalchemy.sql.func
  sqlalchemy.orm.Session()* sqlalchemy.orm.sessionmaker()* sqlalchemy.orm sqlalchemy.types
  sqlalchemy.exc sqlalchemy.sql sqlalchemy sqlalchemy.engine.Engine sqlalchemy.engine.Connection
  sqlalchemy.Engine',
 'Uses a known part of a library', ''),
('py.library.inside', 'python', 'name', 'medium', '', '*._*',
 'Uses what a library keeps for itself', 'Other modules can be reached from there.'),
('py.library.inside.own', 'python', 'name', 'none', '', 'builtins.*._* builtins._* *.__*__',
 'Uses what the program keeps for itself', ''),
('py.pandas.inside', 'python', 'name', 'high', '',
 'pandas.*._* numpy.*._* matplotlib.*._* scipy.*._* statsmodels.*._* sklearn.*._* seaborn.*._*
  json.*._* pandas.io.* pandas.compat* pandas.core.* pandas.util.* pandas._* pandas.testing.*
  numpy.core* numpy.lib.utils* numpy.lib.npyio* numpy.lib.format* numpy.testing.* numpy._*
  numpy.compat* matplotlib.cbook* matplotlib._* matplotlib.testing* matplotlib.backends.*
  matplotlib.sphinxext* matplotlib.texmanager* matplotlib.dviread* matplotlib.animation.*
  json.codecs* json.decoder.* json.scanner* json.encoder.* re.enum* re.copyreg* re._* csv.io*
  random._* collections._* statistics.sys* datetime.sys* dataclasses.sys* dataclasses.builtins*
  enum.sys* typing.sys* scipy._* scipy.io.matlab.* statsmodels.compat* statsmodels.tools.*web*
  sklearn.utils.* sklearn.externals* sklearn.datasets.fetch_* sklearn.datasets._*
  seaborn.load_dataset seaborn.utils.* statsmodels.api.webdoc statsmodels.datasets.webuse
  statsmodels.datasets.get_rdataset statsmodels.api.datasets.get_rdataset
  seaborn.get_dataset_names scipy.datasets.* warnings.sys* textwrap.re.* string._re.enum*
  functools.recursive_repr* contextlib.sys* contextlib.os* io.FileIO io.FileIO()* copy._*
  copy.weakref* heapq._* decimal._* operator._* hashlib._* hashlib.__* uuid.os* uuid._* time._*
  calendar.sys* locale.os* locale.sys* locale.builtins* functools.reduce.__* abc._* html._*
  html.parser.re.* io._* io.open_code*',
 'Goes into the inside of a library', 'Other modules can be reached from there.'),
('py.pandas.inside.known', 'python', 'name', 'none', '',
 'pandas.__version__ numpy.__version__ *.__version__ pandas.core.frame.DataFrame
  pandas.core.series.Series pandas.util.version.* pandas.io.formats.style.Styler
  matplotlib.backends.backend_pdf.PdfPages matplotlib.animation.FuncAnimation
  matplotlib.animation.*Animation().*
  pandas.testing.assert_* numpy.testing.assert_* matplotlib.backends.backend_agg.FigureCanvasAgg
  sklearn.utils.shuffle sklearn.utils.resample pandas.core.groupby.* sklearn.utils.class_weight.*
  sklearn.utils.Bunch matplotlib.animation.PillowWriter matplotlib.animation.ArtistAnimation
  matplotlib.cbook.boxplot_stats sklearn.utils.check_array sklearn.utils.check_X_y
  sklearn.utils.validation.* sklearn.utils.multiclass.* sklearn.utils.extmath.*
  sklearn.utils.compute_class_weight sklearn.utils.compute_sample_weight
  sklearn.utils.estimator_html_repr pandas.core.indexes.* pandas.core.dtypes.*
  pandas.core.window.* pandas.core.frame.* pandas.core.series.* pandas.util.hash_pandas_object
  pandas.io.json.json_normalize pandas.io.json.build_table_schema pandas.core.groupby
  pandas.core.api.* matplotlib.backends.backend_agg matplotlib.backends.backend_pdf *.__name__
  *.__doc__ *.__file__ numpy.*.__name__ numpy.*.__doc__ numpy.*.__version__ pandas.*.__name__
  pandas.*.__doc__ pandas.*.__version__ matplotlib.*.__name__ matplotlib.*.__doc__
  matplotlib.*.__version__ scipy.*.__name__ scipy.*.__doc__ scipy.*.__version__
  statsmodels.*.__name__ statsmodels.*.__doc__ statsmodels.*.__version__ sklearn.*.__name__
  sklearn.*.__doc__ sklearn.*.__version__ seaborn.*.__name__ seaborn.*.__doc__
  seaborn.*.__version__ json.*.__name__ json.*.__doc__ json.*.__version__',
 'Uses a known part of a library', '')
) r (id, language, match, level, capability, words, title, explanation);
